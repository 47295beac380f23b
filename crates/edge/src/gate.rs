//! The consent gate as a component imports it (`wit/consent.wit`), behind the application's port.
//!
//! A macro, because only components that contact people may import the gate: the bindings are made where it is called.

/// Makes `SpinGate`, which asks the consent provider that spin.toml names.
#[macro_export]
macro_rules! consent_gate {
    () => {
        mod consent_gate {
            mod bindings {
                wit_bindgen::generate!({ path: "../../wit", world: "asker", generate_all });
            }

            use bindings::ringback::consent::gate as wit;
            use $crate::gate_types::{
                Blocked, ConsentGate, ContactChannel, Customer, Decision, GateError, Proof, Purpose, from_unix,
            };

            /// Asks the consent provider that spin.toml names.
            pub struct SpinGate;

            impl ConsentGate for SpinGate {
                async fn may_contact(
                    &self,
                    who: &Customer,
                    channel: ContactChannel,
                    purpose: Purpose,
                ) -> Result<Decision, GateError> {
                    let person =
                        wit::Person { customer: who.id.clone(), email: who.email.clone(), phone: who.phone.clone() };
                    let channel = match channel {
                        ContactChannel::Email => wit::Channel::Email,
                        ContactChannel::Phone => wit::Channel::Phone,
                        ContactChannel::Sms => wit::Channel::Sms,
                        ContactChannel::Post => wit::Channel::Post,
                    };
                    let purpose = match purpose {
                        Purpose::FollowUp => wit::Purpose::FollowUp,
                        Purpose::Survey => wit::Purpose::Survey,
                        Purpose::Marketing => wit::Purpose::Marketing,
                    };
                    let decision = wit::may_contact(person, channel, purpose).await.map_err(GateError)?;
                    Ok(match decision {
                        wit::Decision::Allowed(proof) => Decision::Allowed(Proof {
                            wording: proof.wording,
                            source: proof.source,
                            given_at: from_unix(proof.given_at),
                        }),
                        wit::Decision::Blocked(reason) => Decision::Blocked(match reason {
                            wit::Reason::Unidentified => Blocked::Unidentified,
                            wit::Reason::Unknown => Blocked::Unknown,
                            wit::Reason::Refused => Blocked::Refused,
                            wit::Reason::Withdrawn => Blocked::Withdrawn,
                            wit::Reason::Expired => Blocked::Expired,
                            wit::Reason::Pending => Blocked::Pending,
                            wit::Reason::Undeliverable => Blocked::Undeliverable,
                        }),
                    })
                }
            }
        }
        use consent_gate::SpinGate;
    };
}
