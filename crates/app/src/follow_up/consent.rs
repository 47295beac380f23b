//! What an update says of consent, as it is entered into the journals of those whom the answer is of.
//!
//! Whether anybody may be contacted is decided elsewhere, from the journals; nothing here reads one.

use crate::dossier::Dossier;
use crate::identity::Namer;
use crate::stored::Stored as _;
use ringback_core::consent::{Statement, Vouched};
use ringback_core::feedback::Feedback;
use ringback_ledger::PersonNote;

/// What an update tells the journals. It speaks for whoever the answer is of by then: what it says of consent stands in
/// their journals, named in it or not, and whom it names gets what was said before. Nobody does whom the answer is not of.
pub(super) fn told(namer: &Namer, merged: &Dossier, update: &Dossier, named: &[PersonNote]) -> Vec<PersonNote> {
    let current = namer.people(&merged.feedback.customer);
    let note = |said: Vec<Statement>| Some(said.store()).filter(|_| !said.is_empty());
    let all = note(known_to_be_theirs(&merged.feedback, &update.feedback.consent));
    let named_now = named.iter().filter(|person| current.contains(&person.ph));
    let mut told: Vec<PersonNote> =
        named_now.map(|person| PersonNote { ph: person.ph.clone(), note: all.clone() }).collect();
    if named.is_empty() || !told.is_empty() {
        let carried = note(carried(&merged.feedback, &update.feedback.consent));
        let others = current.into_iter().filter(|ph| named.iter().all(|person| person.ph != *ph));
        told.extend(others.filter(|_| carried.is_some()).map(|ph| PersonNote { ph, note: carried.clone() }));
    }
    told
}

/// What an update says, as it counts for whom the answer is of: as the answer keeps it, which a repeat does not say anew;
/// a yes no more than whatever vouches least for one of theirs.
fn carried(merged: &Feedback, said: &[Statement]) -> Vec<Statement> {
    let kept = said.iter().filter_map(|s| merged.consent.iter().rev().find(|kept| kept.is_about_the_same_as(s)));
    let carry = |s: &Statement| {
        let known = merged.consent.iter().filter(|known| known.channel == s.channel);
        let doubtful = known.map(|known| known.vouched).find(|vouched| *vouched != Vouched::Company);
        Statement { vouched: doubtful.filter(|_| s.granted).unwrap_or(s.vouched), ..s.clone() }
    };
    kept.map(carry).collect()
}

/// All that the answer keeps, as it counts for whom an update names: a yes that came before may have been somebody else's.
fn known_to_be_theirs(merged: &Feedback, said: &[Statement]) -> Vec<Statement> {
    let theirs = |kept: &Statement| {
        let before = kept.granted && !said.iter().any(|s| s.granted && s.is_about_the_same_as(kept));
        let vouched = if before && kept.vouched == Vouched::Company { Vouched::Unconfirmed } else { kept.vouched };
        Statement { vouched, ..kept.clone() }
    };
    merged.consent.iter().map(theirs).collect()
}
