//! Who may be contacted, how and for what. The default provider of `ringback:consent/gate`, which other components import
//! as a dependency; over HTTP it records what people say.

mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "provider", generate_all });
    use super::Gate;
    export!(Gate);
}

use bindings::exports::ringback::consent::gate as wit;
use http::Method;
use ringback_app::problem::{Problem, Reply};
use ringback_edge::gate_types::{Blocked, ContactChannel, Customer, Decision, Purpose, unix};
use ringback_edge::{Answer, READ, READ_AND_WRITE, answer, app, asked, segments, whole};
use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> Answer {
    answer(route(request).await)
}

async fn route(request: Request) -> Result<Reply, Problem> {
    let (method, path) = asked(&request);
    match (&method, segments(&path).as_slice()) {
        (&Method::POST, ["v1", "consents"]) => app().await?.post_consent(whole(request).await?).await,
        (_, ["v1", "consents"]) => Err(Problem::method_not_allowed("POST")),
        (_, ["preferences", rest @ ..]) => preferences(method.clone(), request, rest).await,
        _ => Err(Problem::not_found("page")),
    }
}

async fn preferences(method: Method, request: Request, path: &[&str]) -> Result<Reply, Problem> {
    match (&method, path) {
        (&Method::GET, ["style.css"]) => Ok(ringback_app::preferences::style()),
        // A scanner that follows the header's address sees the page and changes nothing.
        (&Method::GET, [token] | [token, "unsubscribe" | "erase" | "person" | "confirm"]) => {
            let query = request.uri().query().unwrap_or_default();
            app().await?.get_preferences(token, query, request.headers()).await
        }
        (&Method::GET, [token, "data"]) => app().await?.get_preferences_data(token, request.headers()).await,
        (&Method::POST, [token]) => app().await?.post_preferences(token, &whole(request).await?).await,
        (&Method::POST, [token, "unsubscribe"]) => app().await?.post_unsubscribe(token, request.headers()).await,
        (&Method::POST, [token, "erase"]) => app().await?.post_preferences_erase(token, &whole(request).await?).await,
        (&Method::POST, [token, "person"]) => app().await?.post_preferences_person(token, &whole(request).await?).await,
        (&Method::POST, [token, "confirm"]) => {
            app().await?.post_preferences_confirm(token, &whole(request).await?).await
        }
        (_, ["style.css"] | [_, "data"]) => Err(Problem::method_not_allowed(READ)),
        (_, [_] | [_, "unsubscribe" | "erase" | "person" | "confirm"]) => {
            Err(Problem::method_not_allowed(READ_AND_WRITE))
        }
        _ => Err(Problem::not_found("page")),
    }
}

struct Gate;

impl wit::Guest for Gate {
    async fn may_contact(
        who: wit::Person,
        channel: wit::Channel,
        purpose: wit::Purpose,
    ) -> Result<wit::Decision, String> {
        let app = app().await.map_err(|problem| problem.detail)?;
        let who = Customer { id: who.customer, email: who.email, phone: who.phone, ..Customer::default() };
        let channel = match channel {
            wit::Channel::Email => ContactChannel::Email,
            wit::Channel::Phone => ContactChannel::Phone,
            wit::Channel::Sms => ContactChannel::Sms,
            wit::Channel::Post => ContactChannel::Post,
        };
        let purpose = match purpose {
            wit::Purpose::FollowUp => Purpose::FollowUp,
            wit::Purpose::Survey => Purpose::Survey,
            wit::Purpose::Marketing => Purpose::Marketing,
        };
        let decision = app.may_contact(&who, channel, purpose).await.map_err(|error| error.0)?;
        Ok(match decision {
            Decision::Allowed(proof) => wit::Decision::Allowed(wit::Proof {
                wording: proof.wording,
                source: proof.source,
                given_at: unix(proof.given_at),
            }),
            Decision::Blocked(reason) => wit::Decision::Blocked(match reason {
                Blocked::Unidentified => wit::Reason::Unidentified,
                Blocked::Unknown => wit::Reason::Unknown,
                Blocked::Refused => wit::Reason::Refused,
                Blocked::Withdrawn => wit::Reason::Withdrawn,
                Blocked::Expired => wit::Reason::Expired,
                Blocked::Pending => wit::Reason::Pending,
                Blocked::Undeliverable => wit::Reason::Undeliverable,
            }),
        })
    }
}
