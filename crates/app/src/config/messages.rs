//! `[messages]` and `[[sequences]]`: how customers are written to, and when they are asked again. What the messages say is
//! `letters`'.

use super::deadlines::seconds;
use super::table::{Checked, Table, named};
use super::{Config, Messages, Sequence};
use ringback_core::id::{ChannelId, SurveyId};
use ringback_core::message::MessageKind;

/// How long nobody is written to again, unless the programme says otherwise, in seconds: 30 days.
const QUARANTINE_S: u32 = 30 * 86_400;
/// Shortest times that can be set, in seconds: timers look once a minute.
const SHORTEST_S: u32 = 60;

pub(super) fn read(table: &Table<'_>, config: &Config) -> Checked<Messages> {
    let id = table.required_parsed("channel", ChannelId::new)?;
    match config.channels.get(&id.value) {
        Some(channel) if channel.kind.is_mail() => {}
        Some(_) => {
            return table.fail(id.at, "messages to customers leave by e-mail: name a channel of a mail provider");
        }
        None => return table.fail(id.at, format!("no channel `{}`", id.value)),
    }
    let quarantine_s = seconds(table, "quarantine", 0)?.unwrap_or(QUARANTINE_S);
    let automation = sent_at_once(table, "automation")?;
    let double_opt_in = table.yes("double_opt_in")?.unwrap_or(false);
    // Read by whoever writes the messages.
    let _ = (table.value("templates"), table.value("brand"));
    table.done()?;
    Ok(Messages {
        channel: Some(id.value),
        quarantine_s: u64::from(quarantine_s),
        automation,
        double_opt_in,
        sequences: Vec::new(),
    })
}

/// A kind of message that may follow an answer at once: not one that only makes sense on an occasion of its own.
pub(super) fn sent_at_once(table: &Table<'_>, key: &'static str) -> Checked<Option<MessageKind>> {
    let kind = table.choice::<MessageKind>(key, &named())?;
    let instead = match kind {
        Some(kind) if kind.asks() => "asks for a survey: use [[sequences]]",
        Some(MessageKind::Confirmation) => "asks whether a consent is really theirs: `double_opt_in` sends it",
        _ => return Ok(kind),
    };
    let kind = kind.map(MessageKind::as_str).unwrap_or_default();
    table.fail(table.place(key), format!("`{kind}` {instead}"))
}

pub(super) fn sequences(root: &Table<'_>, config: &Config) -> Checked<Vec<Sequence>> {
    let mut sequences: Vec<Sequence> = Vec::new();
    for table in root.tables("sequences")? {
        let survey = |key| {
            let id = table.required_parsed(key, SurveyId::new)?;
            match config.surveys.contains_key(&id.value) {
                true => Ok(id.value),
                false => table.fail(id.at, format!("no survey `{}`", id.value)),
            }
        };
        let (from, ask) = (survey("from")?, survey("ask")?);
        if config.messages.channel.is_none() {
            return table.fail(table.at, "a sequence writes to customers: [messages] must name a `channel`");
        }
        if sequences.iter().any(|known| known.from == from && known.ask == ask) {
            return table.fail(table.at, format!("`{ask}` after `{from}` is there twice"));
        }
        let Some(after_s) = seconds(&table, "after", SHORTEST_S)? else {
            return table.fail(table.at, "`after` is missing");
        };
        let remind_s = seconds(&table, "remind", SHORTEST_S)?;
        table.done()?;
        sequences.push(Sequence { from, after_s, ask, remind_s });
    }
    Ok(sequences)
}
