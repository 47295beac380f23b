//! The page of a survey, step by step, as a browser without scripts goes through it.

use super::*;

/// A page that was opened in time is answered in time, for a day; after that the answer is nobody's, as by an old link.
#[test]
fn the_survey_page_keeps_the_identity_that_held_when_it_was_made() {
    let world = world(PROGRAMME);
    let token = token(r#""sub":"C-7","jti":"mail-1""#);
    world.clock.advance(TOKEN_ENDS - 60);
    let query = format!("t={token}");
    let page = world.app.get_survey_page(&world.front, "checkout-nps", &query, &HeaderMap::new()).unwrap();
    let html = String::from_utf8(page.into_body()).unwrap();
    let field =
        |name: &str| html.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap().split('"').next().unwrap();
    let form = ["r", "at", "proof", "t"].map(|name| format!("{name}={}", field(name))).join("&");
    let site = SourceId::new("shop").unwrap();
    let stored = |response: &str| {
        let id = world.app.namer.answer(&site, response);
        block_on(world.app.ledger.read(&id)).unwrap().map(|record| record.body.feedback)
    };
    world.clock.advance(3_600);
    let done = world.form(&format!("{form}&score=2&step=2&comment=slow"));
    assert_eq!(done.reply.status(), 200);
    let theirs = stored("identity:checkout-nps:mail-1:C-7").expect("is theirs");
    assert_eq!((theirs.customer.id.as_deref(), theirs.comment.as_deref()), (Some("C-7"), Some("slow")));
    world.clock.advance(86_400);
    assert_eq!(world.form(&format!("{form}&score=2&step=2&comment=slower")).reply.status(), 200);
    let nobodys = stored(&format!("response:checkout-nps:{}", field("r"))).expect("is nobody's");
    assert!(nobodys.customer.is_unknown());
    assert_eq!(stored("identity:checkout-nps:mail-1:C-7").expect("is theirs").comment.as_deref(), Some("slow"));
}

#[test]
fn the_survey_page_confirms_what_its_link_carries() {
    let world = world(PROGRAMME);
    let query = "score=2&lang=de&channel=email";
    let page = world.app.get_survey_page(&world.front, "checkout-nps", query, &HeaderMap::new()).unwrap();
    let html = String::from_utf8(page.into_body()).unwrap();
    assert!(html.contains("value=\"2\" aria-label=\"2 von 10\" required checked"), "{html}");
    let field =
        |name: &str| html.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap().split('"').next().unwrap();
    let fields = ["r", "at", "proof", "lang", "channel"].map(|name| format!("{name}={}", field(name))).join("&");
    assert_eq!(world.form(&format!("{fields}&score=2")).reply.status(), 422, "in the second it was made");
    world.clock.advance(3);
    let thanks = world.form(&format!("{fields}&score=2"));
    assert_eq!(thanks.reply.status(), 200);
    assert!(String::from_utf8_lossy(thanks.reply.body()).contains("Was ist schiefgelaufen?"));
    let done = world.form(&format!("{fields}&score=2&step=2&comment=Zu+sp%C3%A4t&contact=no"));
    assert!(String::from_utf8_lossy(done.reply.body()).contains("Vielen Dank!"));
    assert_eq!(world.form(&format!("{fields}x&score=2")).reply.status(), 200, "an unknown channel is none");
    assert_eq!(world.form("score=2").reply.status(), 422);
}

#[test]
fn the_survey_page_shows_the_link_and_only_one_of_ours() {
    let world = world(&linking());
    let front = &world.front;
    let begun = block_on(async { world.app.get_survey_page(front, "checkout-nps", "score=3", &HeaderMap::new()) });
    let page = String::from_utf8(begun.unwrap().into_body()).unwrap();
    assert!(!page.contains("/preferences/"), "nothing is answered yet");
    let hidden = |page: &str, name: &str| {
        let from = page.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
        from.split('"').next().map(str::to_owned)
    };
    let field = |name: &str| hidden(&page, name).unwrap();
    let form = format!("r={}&at={}&proof={}&lang=en&channel=link", field("r"), field("at"), field("proof"));
    world.clock.advance(5);
    let second = String::from_utf8(world.form(&format!("{form}&score=3")).reply.into_body()).unwrap();
    let own = hidden(&second, "own").expect("carried on");
    assert!(second.contains(&format!("href=\"/preferences/{own}\"")), "{second}");
    let third = world.form(&format!("{form}&score=3&step=2&comment=late&own={own}"));
    let third = String::from_utf8(third.reply.into_body()).unwrap();
    assert!(third.contains(&format!("href=\"/preferences/{own}\"")), "{third}");
    for forged in ["..%2F..%2Fevil", "https%3A%2F%2Fevil.example", &own.replacen("own-", "", 1)] {
        let page = world.form(&format!("{form}&score=3&step=2&comment=later&own={forged}"));
        let page = String::from_utf8(page.reply.into_body()).unwrap();
        assert!(!page.contains("/preferences/") && !page.contains("evil"), "{page}");
    }
}

#[test]
fn the_survey_page_keeps_what_was_chosen_and_takes_no_yes_that_reaches_nobody() {
    let world = world(&linking());
    let front = &world.front;
    let begun = world.app.get_survey_page(front, "checkout-nps", "score=3", &HeaderMap::new());
    let page = String::from_utf8(begun.unwrap().into_body()).unwrap();
    let field = |name: &str| {
        let from = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        from.split('"').next().unwrap().to_owned()
    };
    let form = format!("r={}&at={}&proof={}&lang=en&channel=link&score=3", field("r"), field("at"), field("proof"));
    world.clock.advance(5);
    assert_eq!(world.form(&form).reply.status(), StatusCode::OK);
    let sent = |more: &str| {
        let reply = world.form(&format!("{form}&step=2&comment=late&{more}")).reply;
        (reply.status(), String::from_utf8(reply.into_body()).unwrap())
    };
    for wrong in ["contact=yes&email=ada", "contact=yes&email=", "contact=yes"] {
        let (status, page) = sent(wrong);
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(page.contains("value=\"yes\" checked") && page.contains(">late</textarea>"), "{page}");
        assert!(!wrong.ends_with("=ada") || page.contains("value=\"ada\""), "{page}");
    }
    assert_eq!(sent("contact=no").0, StatusCode::OK);
    assert_eq!(sent("contact=yes&email=ada%40example.com").0, StatusCode::OK);
    // What nobody can mend by sending it again is not asked for again.
    let (status, page) = sent("contact=no&website=x");
    assert!(status.is_client_error() && page.contains("Your answer could not be taken."), "{page}");
}

/// What stands in a hidden field of a page.
fn hidden(page: &str, name: &str) -> Option<String> {
    let from = page.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    from.split('"').next().map(str::to_owned)
}

fn html(reply: crate::problem::Reply) -> String {
    assert_eq!(reply.headers()["content-type"], "text/html; charset=utf-8");
    String::from_utf8(reply.into_body()).unwrap()
}

impl World {
    /// The page behind a link, for a browser that speaks some languages.
    fn visit(&self, survey: &str, query: &str, languages: &str) -> crate::problem::Reply {
        let headers = HeaderMap::from_iter([(http::header::ACCEPT_LANGUAGE, languages.parse().unwrap())]);
        self.app.get_survey_page(&self.front, survey, query, &headers).unwrap()
    }

    /// Opens the page behind a link and reads what its form carries along.
    fn begin(&self, query: &str) -> String {
        let page = html(self.visit("checkout-nps", query, "en"));
        let carried = ["r", "at", "proof", "lang", "channel", "t", "country"];
        let carried = carried.iter().filter_map(|name| Some(format!("{name}={}", hidden(&page, name)?)));
        let form = carried.collect::<Vec<_>>().join("&");
        self.clock.advance(5);
        form
    }
}

#[test]
fn who_sends_too_much_by_the_page_is_told_when_to_come_back_and_loses_nothing() {
    let world = world(PROGRAMME);
    let form = world.begin("lang=de");
    let send = |more: &str| world.form(&format!("{form}&score=3{more}")).reply;
    let left = |reply: &crate::problem::Reply| reply.headers()["ratelimit"].to_str().unwrap().to_owned();
    let first = send("");
    assert_eq!((first.status(), left(&first)), (StatusCode::OK, "\"address\";r=59;t=1".to_owned()));
    let refused = (0..80).map(|n| send(&format!("&step=2&comment=late+{n}"))).find(|reply| reply.status() == 429);
    let refused = refused.expect("too many");
    let header = |name: &str| refused.headers()[name].to_str().unwrap();
    assert_eq!((header("retry-after"), header("ratelimit-policy")), ("1", "\"address\";q=60;w=60"));
    assert!(left(&refused).starts_with("\"address\";r=0;"), "{}", left(&refused));
    let page = html(refused);
    assert!(page.contains("Bitte warten Sie eine Minute") && page.contains(">late "), "{page}");
    assert!(page.contains("Was ist schiefgelaufen?"), "the step is the same: {page}");
}

#[test]
fn who_follows_a_link_to_no_survey_is_told_so_on_a_page_in_their_language() {
    let world = world(PROGRAMME);
    for (survey, query, languages, said) in [
        ("no-such", "", "de-AT,en;q=0.5", "Hier gibt es keine Umfrage."),
        ("no-such", "lang=fr", "de", "Il n’y a pas de questionnaire ici."),
        ("", "", "", "There is no survey here."),
        ("checkout-nps/more", "", "ar", "لا يوجد استبيان هنا."),
    ] {
        let reply = world.visit(survey, query, languages);
        assert_eq!(reply.status(), StatusCode::NOT_FOUND, "{survey}");
        assert_eq!(reply.headers()["cache-control"], "no-store");
        assert!(reply.headers()["content-security-policy"].to_str().unwrap().contains("style-src 'sha256-"));
        let page = html(reply);
        assert!(page.contains(said) && !page.contains("urn:ringback"), "{page}");
    }
    let request = Request::post("/s/no-such").body(b"score=3&lang=it".to_vec()).unwrap();
    let taken = block_on(world.app.post_survey_page(&world.front, "no-such", request)).unwrap();
    assert_eq!(taken.reply.status(), StatusCode::NOT_FOUND);
    assert!(html(taken.reply).contains("Qui non c’è nessun sondaggio."));
}

#[test]
fn a_link_whose_identity_is_not_taken_says_so_on_a_page() {
    let open = world(PROGRAMME);
    let loose = format!("lang=de&t={}", token(r#""sub":"C-7","email":"ada@example.com""#));
    let reply = open.visit("checkout-nps", &loose, "");
    assert_eq!(reply.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = html(reply);
    assert!(page.contains("Dieser Link funktioniert nicht.") && !page.contains("<form"), "{page}");

    let strict = PROGRAMME.replace("pages = true", "identity_required = true\npages = true");
    let strict = world(&strict);
    let reply = strict.visit("checkout-nps", "", "es");
    assert_eq!(
        (reply.status(), &reply.headers()["www-authenticate"]),
        (StatusCode::UNAUTHORIZED, &"Bearer".parse().unwrap())
    );
    assert!(html(reply).contains("Este enlace no funciona."));
    let good = format!("t={}", token(r#""sub":"C-7""#));
    assert_eq!(strict.visit("checkout-nps", &good, "").status(), StatusCode::OK);
}

/// A 6 is a detractor's everywhere but in Switzerland, as the programme says.
#[test]
fn the_page_thanks_by_the_band_of_the_country_that_is_known() {
    let world = world(PROGRAMME);
    let swiss = token(r#""sub":"C-7","country":"CH""#);
    for (link, country, asked, thanks) in [
        ("channel=email".to_owned(), None, "What went wrong?", "did not go well"),
        ("country=ch".to_owned(), Some("CH"), "What would make it a 9 or 10?", "helps us to become better"),
        (format!("t={swiss}"), Some("CH"), "What would make it a 9 or 10?", "helps us to become better"),
        (format!("t={swiss}&country=DE"), Some("CH"), "What would make it a 9 or 10?", "helps us to become better"),
        ("country=%3Cb%3E".to_owned(), None, "What went wrong?", "did not go well"),
    ] {
        let form = world.begin(&link);
        let second = world.form(&format!("{form}&score=6"));
        let page = html(second.reply);
        assert!(page.contains(asked), "{link}: {page}");
        let done = html(world.form(&format!("{form}&score=6&step=2&comment=so-so")).reply);
        assert!(done.contains(thanks), "{link}: {done}");
        let response = form.split('&').find_map(|field| field.strip_prefix("r=")).unwrap();
        let named = if link.starts_with("t=") { ":C-7" } else { "" };
        let id = world
            .app
            .namer
            .answer(&SourceId::new("shop").unwrap(), &format!("response:checkout-nps:{response}{named}"));
        let stored = block_on(world.app.ledger.read(&id)).unwrap().expect("stored").body.feedback;
        let expected = country.or(world.app.config.default_country.as_deref());
        assert_eq!(stored.country.as_deref(), expected, "{link}");
    }
}
