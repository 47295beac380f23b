//! The mail provider: takes what Resend's `POST /emails` takes and refuses what it refuses.

use serde_json::Value;

use super::messages::Verdict;

const MAX_RECIPIENTS: usize = 50;
const MAX_KEY: usize = 256;

/// What the provider answers to a body with these headers.
pub fn judge(body: &Value, authorization: Option<&str>, key: Option<&str>) -> Verdict {
    let bearer = authorization.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim).unwrap_or_default();
    if bearer.is_empty() {
        return Verdict::refused(401, "missing_api_key");
    }
    if key.is_some_and(|key| key.is_empty() || key.len() > MAX_KEY) {
        return Verdict::refused(400, "invalid_idempotency_key");
    }
    if let Err(reason) = check(body) {
        return Verdict::refused(422, reason);
    }
    Verdict::taken(key.map(str::to_owned), plain(body))
}

fn check(body: &Value) -> Result<(), String> {
    for field in ["from", "to"] {
        if body[field].is_null() {
            return Err(format!("missing_required_field: {field}"));
        }
    }
    let from = body["from"].as_str().ok_or("invalid_from_address")?;
    if !is_address(from) {
        return Err("invalid_from_address".to_owned());
    }
    let to = recipients(body);
    if to.is_empty() || to.len() > MAX_RECIPIENTS || !to.iter().all(|address| is_address(address)) {
        return Err("validation_error: to".to_owned());
    }
    if body["subject"].as_str().is_none_or(str::is_empty) {
        return Err("missing_required_field: subject".to_owned());
    }
    if ["html", "text"].iter().all(|part| body[*part].as_str().is_none_or(str::is_empty)) {
        return Err("missing_required_field: html or text".to_owned());
    }
    Ok(())
}

/// `a@b` or `Name <a@b>`, without line breaks.
fn is_address(text: &str) -> bool {
    let address = text.rsplit_once('<').map_or(text, |(_, rest)| rest.trim_end_matches('>'));
    let parts = address.trim().split_once('@');
    parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'))
        && !text.contains(['\r', '\n'])
}

/// The addresses of `to`, which may be one or several.
pub fn recipients(body: &Value) -> Vec<String> {
    match &body["to"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn plain(body: &Value) -> String {
    let text = body["text"].as_str().unwrap_or("(HTML only)");
    format!("To: {}\nSubject: {}\n\n{text}", recipients(body).join(", "), body["subject"].as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mail() -> Value {
        json!({"from": "Ringback <alerts@example.com>", "to": ["care@example.com"], "subject": "Low score", "text": "3 of 10"})
    }

    #[test]
    fn takes_a_whole_mail() {
        let verdict = judge(&mail(), Some("Bearer re_1"), Some("key-1"));
        assert_eq!((verdict.status, verdict.key.as_deref()), (200, Some("key-1")));
        assert_eq!(verdict.text, "To: care@example.com\nSubject: Low score\n\n3 of 10");
    }

    #[test]
    fn refuses_what_the_provider_refuses() {
        let refusal = |change: &dyn Fn(&mut Value), key: Option<&str>| {
            let mut body = mail();
            change(&mut body);
            let verdict = judge(&body, Some("Bearer re_1"), key);
            (verdict.status, verdict.refusal.unwrap_or_default())
        };
        assert_eq!(judge(&mail(), None, None).status, 401);
        assert_eq!(judge(&mail(), Some("Bearer "), None).status, 401);
        assert_eq!(refusal(&|_| {}, Some(&"k".repeat(257))), (400, "invalid_idempotency_key".into()));
        assert_eq!(refusal(&|body| body["from"] = Value::Null, None), (422, "missing_required_field: from".into()));
        assert_eq!(refusal(&|body| body["from"] = json!("nobody"), None), (422, "invalid_from_address".into()));
        assert_eq!(refusal(&|body| body["to"] = json!([]), None), (422, "validation_error: to".into()));
        assert_eq!(
            refusal(&|body| body["to"] = json!("a@b.example\r\nBcc: c@d.example"), None),
            (422, "validation_error: to".into())
        );
        assert_eq!(refusal(&|body| body["subject"] = json!(""), None), (422, "missing_required_field: subject".into()));
        assert_eq!(
            refusal(&|body| body["text"] = Value::Null, None),
            (422, "missing_required_field: html or text".into())
        );
    }
}
