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
use ringback_edge::{Answer, answer, app, segments, whole};
use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> Answer {
    answer(route(request).await)
}

async fn route(request: Request) -> Result<Reply, Problem> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    match (&method, segments(&path).as_slice()) {
        (&Method::POST, ["v1", "consents"]) => app().await?.post_consent(whole(request).await?).await,
        (_, ["v1", "consents"]) => Err(Problem::method_not_allowed()),
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
            }),
        })
    }
}
