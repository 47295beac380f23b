//! The world of the end-to-end scenarios (in `e2e/`): the real components on a host, receivers for what they send, and a
//! clock that can be moved.
//!
//! The same scenarios run on the local host, in this process, and on Spin when `RINGBACK_SPIN` names its binary; those that
//! need a moved clock or faults say that they are left out there. Nothing of the product is linked in: what a scenario
//! knows of Ringback is its HTTP interface.

mod backend;
mod browser;
mod call;
mod cases;
pub mod chaos;
mod contract;
mod receiver;
mod redis;
mod signing;
mod talk;
mod variables;
pub mod vendors;
mod wait;
mod world;

pub use browser::{Browser, Pages};
pub use call::{Answer, Call};
pub use cases::{Shown, instant};
pub use contract::contract;
pub use receiver::{Received, Receiver, Reply};
pub use signing::{Signer, identity_token};
pub use talk::location_id;
pub use variables::{
    ADMIN, AGENT, CONSENT_TOKEN, CRM_SECRET, CRM_SECRET_BEFORE, EVENTS_SECRET, EXECUTIVE, FORMBRICKS_SECRET,
    IDENTITY_SECRET, INTAKE, LEAD, MAIL_SECRET, OPERATOR, PEPPER, RESEND_KEY, SLACK_PATH, STORAGE_KEY,
    STORAGE_KEY_NEXT,
};
pub use wait::{eventually, soon};
pub use world::{Client, Options, World, instead};
