//! Access tokens beside those of the programme: one secret variable that lists names, roles and hashes, so that somebody
//! can be let in, or no longer, without changing the programme. Never holds a token itself.

use super::read::ROLES;
use super::{AccessToken, Config};
use crate::secrets::Secrets;

/// The Spin variable: `name:role:sha256`, separated by spaces or commas.
pub const TOKENS_VARIABLE: &str = "access_tokens";
/// Longest name, in characters.
const MAX_NAME: usize = 64;

impl Config {
    /// Adds the tokens that the variable lists. Their hashes go among the secrets, under names that no variable has.
    ///
    /// An entry that is none lets nobody in and keeps nobody else out: [`Config::token_faults`] says its number and what
    /// is wrong, never what it holds.
    pub fn add_tokens(&mut self, secrets: &mut Secrets) {
        let listed = secrets.get(TOKENS_VARIABLE).to_owned();
        let entries = listed.split([' ', ',', '\n', '\t']).filter(|entry| !entry.is_empty());
        for (i, entry) in entries.enumerate() {
            if let Err(wrong) = self.add_token(entry, secrets) {
                self.token_faults.push(format!("`{TOKENS_VARIABLE}`, entry {}: {wrong}", i + 1));
            }
        }
    }

    fn add_token(&mut self, entry: &str, secrets: &mut Secrets) -> Result<(), &'static str> {
        let mut parts = entry.split(':');
        let (Some(id), Some(role), Some(hash), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err("must be name:role:sha256");
        };
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if id.is_empty() || id.len() > MAX_NAME || !plain {
            return Err("the name must be 1 to 64 letters, digits, `.`, `_` and `-`");
        }
        if self.access.iter().any(|known| known.id == id) {
            return Err("the name is taken");
        }
        let Some((_, role)) = ROLES.iter().find(|(name, _)| *name == role) else {
            return Err("the role must be one of intake, agent, lead, executive, operator, admin");
        };
        if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err("the hash must be a SHA-256 in hexadecimal digits");
        }
        let token_sha256_variable = format!("{TOKENS_VARIABLE}/{id}");
        secrets.add(&token_sha256_variable, hash);
        self.access.push(AccessToken { id: id.to_owned(), role: *role, token_sha256_variable });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::identify_token;
    use crate::config::Role;
    use crate::config::tests::parse_whole;
    use crate::digest::sha256_hex;
    use std::collections::BTreeMap;

    fn with(listed: &str) -> (Config, Secrets) {
        let mut config = parse_whole();
        let mut secrets = Secrets::new(BTreeMap::from([(TOKENS_VARIABLE.to_owned(), listed.to_owned())]));
        config.add_tokens(&mut secrets);
        (config, secrets)
    }

    #[test]
    fn who_is_listed_is_let_in_and_nobody_else() {
        let (ada, grace) = (sha256_hex(b"ada's token"), sha256_hex(b"grace's token"));
        let (config, secrets) = with(&format!("ada:agent:{ada}, grace:lead:{grace}"));
        let caller = |token: &str| identify_token(&config, &secrets, token).map(|caller| (caller.id, caller.role));
        assert_eq!(caller("ada's token"), Some(("ada".to_owned(), Role::Agent)));
        assert_eq!(caller("grace's token"), Some(("grace".to_owned(), Role::Lead)));
        assert_eq!(caller(&ada), None, "the hash is no token");
        let (config, secrets) = with(&format!("grace:lead:{grace}"));
        assert_eq!(identify_token(&config, &secrets, "ada's token"), None, "revoked");
    }

    #[test]
    fn a_member_of_a_queue_is_a_stranger_until_a_token_may_work_cases_in_their_name() {
        let names = |listed: &str| {
            let (config, _) = with(listed);
            config.strangers().into_iter().map(|(queue, name)| format!("{queue}/{name}")).collect::<Vec<_>>()
        };
        let hash = sha256_hex(b"x");
        assert_eq!(names(""), ["key-accounts/ada", "key-accounts/grace"]);
        assert_eq!(names(&format!("ada:agent:{hash},grace:executive:{hash}")), ["key-accounts/grace"]);
        assert!(names(&format!("ada:agent:{hash},grace:lead:{hash}")).is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_not_repeated_and_keeps_nobody_else_out() {
        let (hash, ada) = (sha256_hex(b"x"), sha256_hex(b"ada's token"));
        for (entry, wrong) in [
            ("grace:agent".to_owned(), "must be name:role:sha256"),
            (format!("grace:boss:{hash}"), "the role must be"),
            (format!("care-desk:agent:{hash}"), "the name is taken"),
            (format!("a/b:agent:{hash}"), "the name must be"),
            ("grace:agent:secret".to_owned(), "the hash must be"),
        ] {
            let (config, secrets) = with(&format!("{entry},ada:agent:{ada}"));
            let [why] = &config.token_faults[..] else { panic!("{:?}", config.token_faults) };
            assert!(why.starts_with("`access_tokens`, entry 1: ") && why.contains(wrong), "{why}");
            assert!(!why.contains("secret"), "{why}");
            assert_eq!(identify_token(&config, &secrets, "x"), None, "{entry}");
            assert_eq!(
                identify_token(&config, &secrets, "ada's token").map(|caller| caller.id),
                Some("ada".to_owned())
            );
        }
    }
}
