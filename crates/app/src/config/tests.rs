//! The shipped programme is whole, and what is wrong is refused where it stands.

use super::*;

const SHIPPED: &str = include_str!("../../../../ringback.toml");

#[test]
fn the_shipped_programme_is_whole() {
    let config = Config::parse(SHIPPED).unwrap();
    assert_eq!(config.surveys.len(), 3);
    assert_eq!(config.policies[&PolicyId::new("standard").unwrap()].closure_s, 48 * 3600);
    let nps = &config.sources[&SourceId::new("formbricks").unwrap()].mappings[0];
    assert_eq!(nps.score, "/data/data/nps");
    assert_eq!(nps.identity.email.as_deref(), Some("/data/contactAttributes/email"));
    assert!(config.variables().contains(&"slack_webhook_url"));
}

/// Replaces a text of the shipped programme and answers the refusal.
fn refusal(from: &str, to: &str) -> String {
    assert!(SHIPPED.contains(from), "{from}");
    Config::parse(&SHIPPED.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_is_refused_with_its_place_and_reason() {
    for (from, to, reason) in [
        ("metric = \"nps\"", "metric = \"nsp\"", "`nsp` is none of nps, csat, ces"),
        ("{ low = 6, high = 9 }", "{ low = 9, high = 6 }", "do not cut the NPS scale"),
        ("countries.CH", "countries.Swiss", "`Swiss` is no country code"),
        ("score = \"/answers/effort\"", "score = \"effort\"", "is no JSON pointer"),
        ("survey = \"support-ces\"", "survey = \"support\"", "no survey `support`"),
        ("deadlines = \"fast\"", "deadlines = \"faster\"", "no deadline policy `faster`"),
        ("alert = \"lead\"", "alert = \"boss\"", "no route `boss`"),
        ("closure = \"48h\"", "closure = \"two days\"", "is no duration"),
        ("warn_at = 0.75", "warn_at = 1.5", "warn_at is a share"),
        ("channels = [\"care-chat\", \"care-mail\"]", "channels = []", "would reach nobody"),
        (
            "channels = [\"care-chat\", \"care-mail\"]",
            "channels = [\"care-chat\", \"customer-mail\"]",
            "would reach nobody",
        ),
        ("id = \"lead\"", "id = \"care\"", "defined twice"),
        ("url_variable = \"slack_webhook_url\"", "url_variable = \"https://hooks.slack.com/x\"", "is no Spin variable"),
        ("public_url = \"http://127.0.0.1:3000\"", "public_url = \"example\"", "is no http or https address"),
        ("[messages]\nchannel = \"customer-mail\"", "[messages]\nchannel = \"care-chat\"", "leave by e-mail"),
        ("unreachable_after = 3", "unreachable_after = 0", "at least 1"),
        ("longest_wait = \"14d\"", "longest_wait = \"1s\"", "is too short"),
        ("agent = 50", "agent = 501", "may not grant more than a lead"),
        ("agent = 50", "agent = -1", "must be a whole number"),
        ("route = \"surveys\" }", "route = \"nobody\" }", "no route `nobody`"),
        ("passive = [\"What", "passives = [\"What", "unknown key `passives`"),
        ("kind = \"slack\"", "colour = \"red\"\nkind = \"slack\"", "unknown key `colour`"),
    ] {
        let refusal = refusal(from, to);
        assert!(refusal.contains(reason), "{to}: {refusal}");
    }
}

#[test]
fn the_place_is_the_line_and_column_of_the_mistake() {
    for (text, place) in [
        ("[programme]\nname = \"x\"\npublic_url = \"nowhere\"\n", (3, 14)),
        ("[programme]\nname = \"x\"\npublic_url = \"http://x.example\"\nsurvey = []\n", (4, 1)),
        ("[programme]\nname = x\n", (2, 8)),
        ("[programme]\nname = 7\n", (1, 1)),
        ("", (1, 1)),
    ] {
        let error = Config::parse(text).unwrap_err();
        assert_eq!((error.line, error.column), place, "{error}");
    }
}
