//! The desk: the pages that people work cases on. Server-rendered, strict CSP, complete without JavaScript; the script
//! only makes them livelier. Every page and every action passes the same table of roles as the API, and what is done to a
//! case goes through the same code.

mod act;
mod admin;
mod case;
mod draft;
mod facts;
mod frame;
mod improvements;
mod lang;
mod letters;
mod list;
mod refusal;
mod session;
mod sign_in;
mod silences;
mod take;
mod team;

pub(crate) use frame::{Door, Frame, Place};
pub(crate) use lang::Lang;
pub use take::TakeLink;

use crate::problem::Reply;
use crate::web;

/// The desk's style sheet.
const STYLE: &str = include_str!("../../templates/desk/style.css");
/// The desk's script.
const SCRIPT: &str = include_str!("../../templates/desk/desk.js");
/// The desk's icon.
const ICON: &str = include_str!("../../templates/desk/icon.svg");

/// `GET /desk/style.css`
#[must_use]
pub fn style() -> Reply {
    web::style(STYLE)
}

/// `GET /desk/desk.js`
#[must_use]
pub fn script() -> Reply {
    web::asset(SCRIPT, "text/javascript; charset=utf-8")
}

/// `GET /desk/icon.svg`
#[must_use]
pub fn icon() -> Reply {
    web::asset(ICON, "image/svg+xml")
}
