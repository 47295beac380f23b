//! The shipped programme is whole, and what is wrong is refused where it stands.

use super::*;
use crate::identity::Namer;
use crate::letters::Letters;
use crate::secrets::Secrets;
use ringback_core::message::MessageKind;
use ringback_core::names::Named as _;
use ringback_core::rule::Track;

/// The hours of the shipped calendar.
const HOURS: &str = "hours = [\"Mon-Thu 09:00-12:30 13:00-17:30\", \"Fri 09:00-15:00\"]";
const SHIPPED: &str = include_str!("../../../../ringback.toml");

fn namer() -> Namer {
    let pepper = (PEPPER_VARIABLE.to_owned(), "p".repeat(32));
    Namer::new(&Secrets::new(BTreeMap::from([pepper]))).expect("a pepper")
}

#[test]
fn the_shipped_programme_is_whole() {
    let config = Config::parse(SHIPPED, &beside).unwrap();
    assert_eq!(config.surveys.len(), 5);
    assert_eq!(config.policies[&PolicyId::new("standard").unwrap()].closure_s, 48 * 3600);
    let nps = &config.sources[&SourceId::new("formbricks").unwrap()].mappings[0];
    assert_eq!(nps.score, "/data/data/nps");
    assert_eq!(nps.identity.email.as_deref(), Some("/data/contactAttributes/email"));
    let crm = &config.sources[&SourceId::new("crm").unwrap()].mappings[0];
    assert_eq!((crm.account.id.as_deref(), &nps.account.id), (Some("/account/number"), &None));
    assert!(config.variables().contains(&"slack_webhook_url"));
}

/// The parser itself says which keys it knows, when it meets one that it does not.
#[test]
fn every_key_of_rules_and_sources_is_explained_beside_them() {
    let stretch = |from: &str, to: &str| -> Vec<&str> {
        let text = SHIPPED.split_once(from).and_then(|(_, rest)| rest.split_once(to)).expect("a stretch").0;
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect()
    };
    let rules = stretch("- what an answer sets in motion", "- when people work");
    let sources = stretch("- where feedback comes from", "- websites that ask");
    for (place, words) in [
        ("id = \"gold-detractor\"\n", &rules),
        ("when = { band", &rules),
        ("then = { track = \"none\"", &rules),
        ("kind = \"formbricks\"\n", &sources),
        ("response = \"/ticket/id\"\n", &sources),
        ("{ question = \"/answers/contact_ok\"", &sources),
        ("{ customer = \"/customer/number\"", &sources),
        ("{ id = \"/account/number\"", &sources),
    ] {
        let unknown = match place.split_once("{ ") {
            Some((before, first)) => format!("{before}{{ nothing = 1, {first}"),
            None => format!("nothing = 1\n{place}"),
        };
        let error = Config::parse(&SHIPPED.replacen(place, &unknown, 1), &beside).unwrap_err();
        let known = error.message.strip_prefix("unknown key `nothing`; known here: ").expect("what is known");
        for key in known.split(", ") {
            assert!(words.contains(&key), "`{key}` stands nowhere near {place}");
        }
    }
}

#[test]
fn the_examples_in_comments_are_taken() {
    for begin in ["#   [[sources]]", "#   [[rules]]"] {
        let lines = SHIPPED.lines().skip_while(|line| *line != begin);
        let example: Vec<&str> = lines.map_while(|line| line.strip_prefix("#   ")).collect();
        assert!(example.len() >= 4, "{begin}");
        Config::parse(&format!("{SHIPPED}\n{}\n", example.join("\n")), &beside).unwrap();
    }
}

/// What is wrong in templates is refused with its place, whichever file it stands in.
#[test]
fn a_template_that_cannot_be_sent_is_refused_where_it_is_wrong() {
    let template = |kind: &str, text: &str| {
        format!(
            "{SHIPPED}\n[[templates]]\nkind = \"{kind}\"\nlanguage = \"nl\"\nsubject = \"x\"\ntext = \'\'\'\n{text}\'\'\'\n"
        )
    };
    let first = SHIPPED.lines().count() + 7;
    for (kind, text, (line, column), reason) in [
        ("offer", "Buy.\n\n  {{ comment }}", (first + 2, 6), "a message of kind `offer` knows no `comment`"),
        ("offer", "{% if code == \"x\" %}\n{% if score %}!{% endif %}{% endif %}", (first + 1, 7), "knows no `score`"),
        ("result", "Hello {{ customr }}", (first, 10), "a message of kind `result` knows no `customr`"),
        ("result", "Hello {{ customer", (first, 0), "syntax error"),
        ("result", "a\n{% if comment %}", (first + 1, 0), "syntax error"),
        ("result", "a\n {{ comment|upper }}", (first + 1, 0), "unknown filter"),
        ("invitation", "{{ link }} {{ words }}", (first, 15), "knows no `words`"),
    ] {
        let programme = template(kind, text);
        let config = Config::parse(&programme, &beside).unwrap();
        let error = Letters::parse(&programme, &config, &beside).err().unwrap_or_else(|| panic!("{text}: is taken"));
        assert!(error.message.contains(reason), "{text}: {error}");
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(column == 0 || error.column == column, "{text}: {error}");
    }
    let broken = |name: &str| match name {
        "messages.toml" => Ok("[[templates]]\nkind = \"help\"\nsubject = \"a\"\ntext_file = \"help.txt\"\n".to_owned()),
        "help.txt" => Ok("one\n{{ two }}\n".to_owned()),
        other => beside(other),
    };
    let config = Config::parse(SHIPPED, &broken).unwrap();
    let error = Letters::parse(SHIPPED, &config, &broken).err().unwrap().to_string();
    assert!(error.starts_with("help.txt:2:4: a message of kind `help` knows no `two`"), "{error}");
    for (from, to, reason) in [
        ("\"#0a6b50\"", "\"red; }\"", "is no colour"),
        ("https://reviews.example.com", "javascript:alert", "is no http or https address"),
        ("[\"messages.toml\"]", "[\"nothing.toml\"]", "nothing.toml: no such file"),
    ] {
        let programme = SHIPPED.replacen(from, to, 1);
        let error = Letters::parse(&programme, &config, &beside).err().unwrap().to_string();
        assert!(error.contains(reason), "{to}: {error}");
    }
}

#[test]
fn every_message_is_shipped_in_three_languages() {
    let config = Config::parse(SHIPPED, &beside).unwrap();
    let letters = Letters::parse(SHIPPED, &config, &beside).unwrap();
    for kind in MessageKind::ALL.iter().filter(|kind| **kind != MessageKind::Offer) {
        let languages: Vec<&str> =
            letters.templates().iter().filter(|t| t.kind == *kind).map(|t| t.language.as_str()).collect();
        assert_eq!(languages, ["en", "de", "fr"], "{kind:?}");
    }
}

/// The files beside the shipped programme.
pub(crate) fn beside(name: &str) -> Result<String, String> {
    match name {
        "messages.toml" => Ok(include_str!("../../../../messages.toml").to_owned()),
        "holidays.ics" => Ok(include_str!("../../../../holidays.ics").to_owned()),
        "broken.ics" => Ok("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20261225T090000\r\n".to_owned()),
        _ => Err("no such file".to_owned()),
    }
}

/// The shipped programme.
pub(crate) fn parse_whole() -> Config {
    Config::parse(SHIPPED, &beside).unwrap()
}

/// Replaces a text of the shipped programme and answers the refusal.
fn refusal(from: &str, to: &str) -> String {
    assert!(SHIPPED.contains(from), "{from}");
    Config::parse(&SHIPPED.replacen(from, to, 1), &beside).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_is_refused_with_its_place_and_reason() {
    for (from, to, reason) in [
        ("metric = \"nps\"", "metric = \"nsp\"", "`nsp` is none of nps, csat, ces, stars, thumbs"),
        ("{ low = 6, high = 9 }", "{ low = 9, high = 6 }", "do not cut the NPS scale"),
        ("countries.CH", "countries.Swiss", "`Swiss` is no country code"),
        ("score = \"/answers/effort\"", "score = \"effort\"", "is no JSON pointer"),
        ("touchpoint = \"/ticket", "touchpoint = \"ticket", "`ticket/touchpoint` is no JSON pointer"),
        (
            "account = { id = \"/acc",
            "account = { number = \"/acc",
            "unknown key `number`; known here: id, level, name, role",
        ),
        ("survey = \"support-ces\"", "survey = \"support\"", "no survey `support`"),
        ("deadlines = \"fast\"", "deadlines = \"faster\"", "no deadline policy `faster`"),
        ("[[sites]]", "[widget.client_address]\nheader = \"a b\"\n[[sites]]", "is no header"),
        ("alert = \"lead\"", "alert = \"boss\"", "no route `boss`"),
        ("closure = \"48h\"", "closure = \"two days\"", "is no duration"),
        ("warn_at = 0.75", "warn_at = 1.5", "warn_at is a share"),
        ("zone = \"Europe/Berlin\"", "zone = \"Europe/Bärlin\"", "`Europe/Bärlin` is no time zone"),
        ("\"Fri 09:00-15:00\"", "\"Fri 15:00-09:00\"", "window `15:00-09:00` is empty"),
        ("\"Fri 09:00-15:00\"", "\"Thu 16:00-18:00\"", "overlaps with another one of Thu"),
        (HOURS, "hours = []", "calendar `office` has no working time"),
        ("\"2026-12-31\"", "\"31.12.2026\"", "is no date"),
        ("\"holidays.ics\"", "\"feiertage.ics\"", "feiertage.ics: no such file"),
        ("\"holidays.ics\"", "\"broken.ics\"", "broken.ics: `20261225T090000` is no whole day"),
        ("calendar = \"office\"", "calendar = \"bureau\"", "no calendar `bureau`"),
        ("closure = \"76h\"", "closure = \"10d\"", "`10d` is no working time"),
        ("closure = \"76h\"", "closure = \"9000h\"", "would take 236 weeks"),
        ("closure = \"76h\"", "closure = \"30h\"", "first contact due after its closure"),
        ("kind = \"referral\", ", "", "`kind` says what a promoter is asked for"),
        ("kind = \"referral\"", "kind = \"applause\"", "is none of thank-you, referral, ambassador, review"),
        ("choice = \"account-owner\"", "choice = \"loudest\"", "is none of least-loaded, round-robin, account-owner"),
        ("choice = \"account-owner\"", "choice = \"round-robin\"", "`accounts` are for"),
        ("per_day = 1", "per_day = 0", "is no member"),
        ("name = \"grace\"", "name = \"ada\"", "`ada` is a member twice"),
        ("A-1 = \"grace\"", "A-1 = \"edith\"", "account `A-1` must name a member"),
        ("gold = 3", "gold = 0", "tier `gold` must be worth 1 to 1000"),
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
        ("route = \"surveys\", survey", "route = \"nobody\", survey", "no route `nobody`"),
        ("survey = \"checkout-nps\" }  #", "survey = \"nps\" }  #", "no survey `nps`"),
        ("message = \"referral\"", "message = \"invitation\"", "use [[sequences]]"),
        ("automation = \"help\"", "automation = \"joke\"", "`joke` is none of acknowledgement"),
        ("remind = \"7d\"", "remind = \"7s\"", "is too short"),
        ("passive = [\"What", "passives = [\"What", "unknown key `passives`"),
        ("shards = 1", "shards = 65", "shards must be 1 to 64"),
        ("days = 1095", "days = 0", "must be a number of days"),
        ("surveys = { delivery-csat", "surveys = { \"delivery csat\"", "is no survey's id"),
        ("tracks = { recovery", "tracks = { rescue", "no track `rescue`"),
        ("kind = \"slack\"", "colour = \"red\"\nkind = \"slack\"", "unknown key `colour`"),
    ] {
        let refusal = refusal(from, to);
        assert!(refusal.contains(reason), "{to}: {refusal}");
    }
}

/// The shipped programme with one rule more: by default one that opens a case of nobody's.
fn with_rule(when: &str, then: &str) -> Result<Config, ConfigError> {
    let opens = "track = 'recovery', queue = 'care', deadlines = 'standard'";
    let then = if then.contains("track") { then.to_owned() } else { format!("{opens}, {then}") };
    let then = then.trim_end_matches(", ");
    Config::parse(&format!("{SHIPPED}\n[[rules]]\nid = 'x'\nwhen = {{ {when} }}\nthen = {{ {then} }}\n"), &beside)
}

#[test]
fn conditions_that_no_answer_can_meet_are_refused_where_they_stand() {
    let line = SHIPPED.lines().count() + 4;
    for (when, place, reason) in [
        ("country = ['CH', 'de']", "'de']", "`de` is no country code: two capital letters, as in `DE`"),
        ("country = ['Germany']", "'Germany'", "`Germany` is no country code"),
        ("country = []", "[]", "`country` names nothing: leave it out where all are meant"),
        ("band = []", "[]", "`band` names nothing"),
        ("segment = ['']", "''", "no answer can say this: `segment` has 1 to 200 characters"),
        ("channel = [' web']", "' web'", "no answer can say this: `channel`"),
        ("account = ['A-1 ']", "'A-1 '", "no answer can say this: `account`"),
        ("keyword = ['refund', ' ']", "' '", "a keyword without letters would be found in any comment"),
        ("keyword = ['refund'], comment = false", "['refund']", "`comment = false` wants none"),
        ("score_from = 8, score_to = 3", "8", "no score is at least 8 and at most 3"),
        ("score_from = 11", "11", "no score is at least 11: what is asked has checkout-nps 0–10, "),
        ("survey = ['delivery-csat'], score_to = 0", "0", "no score is at most 0: what is asked has delivery-csat 1–5"),
        (
            "survey = ['delivery-csat', 'help-thumbs'], score_from = 6",
            "6",
            "no score is at least 6: what is asked has delivery-csat 1–5, help-thumbs 0–1",
        ),
        (
            "survey = ['delivery-csat'], band = ['detractor']",
            "['detractor']",
            "no answer is in such a `band`: with this survey, score and country it is dissatisfied, neutral, satisfied",
        ),
        ("survey = ['help-thumbs'], band = ['neutral']", "['neutral']", "it is dissatisfied, satisfied"),
        ("survey = ['checkout-nps'], score_from = 7, band = ['detractor']", "['detractor']", "it is passive, promoter"),
        (
            "survey = ['checkout-nps'], score_from = 6, country = ['CH'], band = ['detractor']",
            "['detractor']",
            "it is passive, promoter",
        ),
    ] {
        let refusal = with_rule(when, "").err().unwrap_or_else(|| panic!("{when}: is taken"));
        assert!(refusal.message.contains(reason), "{when}: {refusal}");
        let column = when.find(place).expect(place) + "when = { ".len() + 1;
        assert_eq!((refusal.line, refusal.column), (line, column), "{when}: {refusal}");
    }
    let route =
        SHIPPED.replacen("id = \"surveys\"", "id = \"surveys\"\nwhen = { country = [] }\notherwise = \"lead\"", 1);
    assert!(Config::parse(&route, &beside).unwrap_err().message.contains("`country` names nothing"));
}

#[test]
fn conditions_that_some_answer_can_meet_are_taken() {
    for when in [
        "",
        "score_from = 0, score_to = 0",
        "score_from = 10",
        "score_to = 60",
        "survey = ['delivery-csat'], score_from = 0, score_to = 2",
        "survey = ['delivery-csat', 'checkout-nps'], score_from = 6",
        "survey = ['delivery-csat', 'checkout-nps'], band = ['detractor']",
        // Of Switzerland a 6 is a passive, and elsewhere a detractor.
        "survey = ['checkout-nps'], score_from = 6, score_to = 6, band = ['passive']",
        "survey = ['checkout-nps'], score_from = 6, score_to = 6, band = ['detractor']",
        "survey = ['checkout-nps'], score_from = 6, country = ['AT', 'CH'], band = ['detractor']",
        "touchpoint = ['a-shop-of-1988'], channel = ['e-mail'], account = ['A 1'], comment = true, keyword = [' late ']",
    ] {
        if let Err(refusal) = with_rule(when, "") {
            panic!("{when}: {refusal}");
        }
    }
}

#[test]
fn what_a_rule_cannot_do_is_refused() {
    for (then, reason) in [
        (
            "message = 'confirmation'",
            "`confirmation` asks whether a consent is really theirs: `double_opt_in` sends it",
        ),
        ("message = 'reminder'", "`reminder` asks for a survey: use [[sequences]]"),
        ("owner = ''", "`owner` must be a name of 1 to 128 characters"),
        ("owner = ' grace'", "without blanks around it"),
        ("owner = \"gra\\nce\"", "on one line"),
        ("owner = 'board'", "`board` has the role executive, which works no cases"),
        ("owner = 'shop-backend'", "has the role intake"),
        ("track = 'none', owner = 'grace'", "takes no queue, deadlines, alert, owner or priority"),
        ("track = 'none', priority = 'high'", "takes no queue, deadlines, alert, owner or priority"),
    ] {
        let refusal = with_rule("", then).err().unwrap_or_else(|| panic!("{then}: is taken"));
        assert!(refusal.message.contains(reason), "{then}: {refusal}");
    }
    let long = format!("owner = '{}'", "x".repeat(129));
    assert!(with_rule("", &long).is_err());
    for then in ["owner = 'grace'", "owner = 'care-desk'", "owner = 'Zoë Ω'", "track = 'none', message = 'thank_you'"]
    {
        if let Err(refusal) = with_rule("", then) {
            panic!("{then}: {refusal}");
        }
    }
    let confirmed = refusal("automation = \"help\"", "automation = \"confirmation\"");
    assert!(confirmed.contains("`double_opt_in` sends it"), "{confirmed}");
}

#[test]
fn retention_is_the_tracks_before_the_surveys_before_the_programmes() {
    let config = Config::parse(SHIPPED, &beside).unwrap();
    let days = |survey: &str, track| config.retention.days_for(&SurveyId::new(survey).unwrap(), track);
    assert_eq!(days("checkout-nps", None), Some(1095));
    assert_eq!(days("delivery-csat", None), Some(365));
    assert_eq!(days("delivery-csat", Some(Track::Recovery)), Some(1825));
    assert_eq!(config.ledger_options(&namer()).retention, Some(365 * 86_400));
    let never = SHIPPED.replacen("[retention]", "[retention_]", 1);
    assert!(Config::parse(&never, &beside).is_err());
}

#[test]
fn the_place_is_the_line_and_column_of_the_mistake() {
    for (text, place) in [
        ("[programme]\nname = \"x\"\npublic_url = \"nowhere\"\n", (3, 14)),
        ("[programme]\nname = \"x\"\npublic_url = \"http://x.example\"\nsurvey = []\n", (4, 1)),
        ("[programme]\nname = x\n", (2, 8)),
        ("[programme]\nname = 7\n", (1, 1)),
        (
            "[programme]\nname = \"x\"\npublic_url = \"http://x.example\"\n[[calendars]]\nid = \"c\"\nzone = \"UTC\"\n\
             hours = [\"Mon 09:00-17:00\", \"Tue 09:00-09:00\"]\n",
            (7, 29),
        ),
        ("", (1, 1)),
    ] {
        let error = Config::parse(text, &beside).unwrap_err();
        assert_eq!((error.line, error.column), place, "{error}");
    }
}
