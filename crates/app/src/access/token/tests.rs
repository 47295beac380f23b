use super::*;
use crate::digest::hmac_sha256;
use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::json;

const NOW: u64 = 1_800_000_000;

fn provider() -> IdentityProvider {
    IdentityProvider {
        issuer: "https://id.example".to_owned(),
        audience: "ringback".to_owned(),
        origin_variable: "identity_origin".to_owned(),
        keys_path: "/keys".to_owned(),
        name_claim: "email".to_owned(),
        roles_claim: "groups".to_owned(),
        roles: Vec::new(),
        sign_out: None,
    }
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).expect("a key")
}

fn public(key: &SigningKey, kid: &str) -> Value {
    let point = key.verifying_key().to_encoded_point(false);
    let part = |part: Option<&p256::FieldBytes>| BASE64URL_NOPAD.encode(part.expect("a point"));
    json!({ "kty": "EC", "crv": "P-256", "x": part(point.x()), "y": part(point.y()), "kid": kid, "use": "sig" })
}

fn body(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

fn token(header: &Value, claims: &Value) -> String {
    let body = body(header, claims);
    let signature: Signature = key().sign(body.as_bytes());
    format!("{body}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))
}

fn head() -> Value {
    json!({ "alg": "ES256", "typ": "JWT", "kid": "k1" })
}

fn claims() -> Value {
    json!({ "iss": "https://id.example", "aud": "ringback", "sub": "7", "iat": NOW, "exp": NOW + 300 })
}

fn changed(mut value: Value, name: &str, to: Value) -> Value {
    value[name] = to;
    value
}

fn taken(token: &str, keys: &Value) -> Result<Value, &'static str> {
    let header = header(token)?;
    verify(token, &header, &json!({ "keys": keys }), &provider(), NOW)
}

#[test]
fn the_examples_of_rfc_7515_are_genuine_and_any_other_letter_is_not() {
    let claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let rsa = json!({ "kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ" });
    let ec = json!({ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
    let by_rsa = "eyJhbGciOiJSUzI1NiJ9.{}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let by_ec = "eyJhbGciOiJFUzI1NiJ9.{}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let keys = json!({ "keys": [rsa, ec] });
    for example in [by_rsa, by_ec] {
        let genuine = example.replace("{}", claims);
        let said = signed(&genuine, &header(&genuine).expect("a header"), &keys).expect("genuine");
        assert_eq!((&said["iss"], &said["exp"]), (&json!("joe"), &json!(1_300_819_380)));
        let forged = example.replace("{}", &claims.replace("MDA4MTkzODA", "MDA4MTkzODE"));
        assert_ne!(forged, genuine);
        assert_eq!(
            signed(&forged, &header(&forged).expect("a header"), &keys),
            Err("the token's signature does not fit")
        );
    }
}

#[test]
fn a_token_holds_for_its_audience_and_its_time() {
    let keys = json!([public(&key(), "k1")]);
    let at = |name: &str, to: Value| taken(&token(&head(), &changed(claims(), name, to)), &keys);
    assert_eq!(taken(&token(&head(), &claims()), &keys).map(|claims| claims["sub"].clone()), Ok(json!("7")));
    assert!(at("aud", json!(["other", "ringback"])).is_ok());
    assert!(at("exp", json!(NOW - 59)).is_ok(), "clocks differ");
    assert!(at("nbf", json!(NOW + 60)).is_ok());
    assert!(at("exp", json!((NOW + 300) as f64 + 0.25)).is_ok(), "fractions of a second");
    for aud in [json!("other"), json!([]), json!(["other"]), Value::Null, json!({ "ringback": 1 })] {
        assert_eq!(at("aud", aud), Err("the token is for another audience"));
    }
    for iss in [json!("https://id.example/"), Value::Null, json!(["https://id.example"])] {
        assert_eq!(at("iss", iss), Err("the token is another issuer's"));
    }
    for exp in [json!(NOW - 60), Value::Null, json!("never"), json!(-1)] {
        assert_eq!(at("exp", exp), Err("the token has expired, or does not say when it will"));
    }
    for (name, time) in [("nbf", json!(NOW + 61)), ("iat", json!(NOW + 61)), ("nbf", json!("now"))] {
        assert_eq!(at(name, time), Err("the token is not valid yet"));
    }
}

#[test]
fn only_a_published_key_for_signatures_opens_the_door() {
    let good = token(&head(), &claims());
    let key = public(&key(), "k1");
    let unknown = Err("the token is signed by a key that its issuer does not publish");
    assert!(
        taken(&good, &json!([{ "kty": "new", "kid": "k1" }, { "kid": 7 }, key])).is_ok(),
        "what is not known is left out"
    );
    for keys in [
        json!([]),
        json!([changed(key.clone(), "kid", json!("k2"))]),
        json!([changed(key.clone(), "use", json!("enc"))]),
        json!([changed(key.clone(), "alg", json!("ES384"))]),
        json!([changed(key.clone(), "crv", json!("P-384"))]),
        json!([{ "kty": "oct", "kid": "k1", "k": "AAAA" }]),
    ] {
        assert_eq!(taken(&good, &keys), unknown, "{keys}");
    }
    let other = SigningKey::from_slice(&[8; 32]).expect("a key");
    assert_eq!(taken(&good, &json!([public(&other, "k1")])), Err("the token's signature does not fit"));
    // A token that names no key is tried with each that fits.
    let nameless = token(&json!({ "alg": "ES256" }), &claims());
    assert!(taken(&nameless, &json!([public(&other, "a"), key])).is_ok());
    // A short key could be taken apart.
    let short = json!([{ "kty": "RSA", "kid": "k1", "e": "AQAB", "n": "x".repeat(341) }]);
    assert_eq!(taken(&token(&changed(head(), "alg", json!("RS256")), &claims()), &short), unknown);
}

#[test]
fn a_token_cannot_choose_how_it_is_checked() {
    let keys = json!([public(&key(), "k1")]);
    let unsigned = body(&json!({ "alg": "none", "kid": "k1" }), &claims());
    for text in [format!("{unsigned}."), format!("{unsigned}.AAAA"), unsigned, "a.b.c".to_owned(), String::new()] {
        assert!(taken(&text, &keys).is_err(), "{text}");
    }
    // The public key is no secret of a keyed hash.
    let body = body(&json!({ "alg": "HS256", "kid": "k1" }), &claims());
    for secret in [keys[0].to_string(), keys[0]["x"].as_str().unwrap_or_default().to_owned()] {
        let forged = format!("{body}.{}", BASE64URL_NOPAD.encode(&hmac_sha256(secret.as_bytes(), &[body.as_bytes()])));
        assert_eq!(taken(&forged, &keys), Err("the token is not signed by RS256 or ES256"));
    }
    let demanding = token(&changed(head(), "crit", json!(["exp"])), &claims());
    assert_eq!(taken(&demanding, &keys), Err("the token demands an extension that is not known here"));
    assert!(taken(&format!("{}{}", token(&head(), &claims()), "A".repeat(LONGEST)), &keys).is_err());
    // A key in the token itself is not looked at.
    let own = changed(changed(head(), "kid", json!("mine")), "jwk", public(&key(), "mine"));
    assert_eq!(
        taken(&token(&own, &claims()), &keys),
        Err("the token is signed by a key that its issuer does not publish")
    );
}
