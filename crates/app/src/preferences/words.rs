//! The preference page's texts, in the languages it speaks. Version them: what somebody agreed to is kept by version.

use crate::web;
use ringback_core::consent::{ContactChannel, Purpose};

/// The version of the wording that is shown, kept with every statement made here.
pub const WORDING: &str = "preferences-2026-11";

/// The texts of one language.
pub struct Words {
    /// BCP 47.
    pub lang: &'static str,
    /// The language's own name.
    pub language: &'static str,
    pub title: &'static str,
    pub intro: &'static str,
    pub contact: &'static str,
    pub contact_hint: &'static str,
    pub save: &'static str,
    pub saved: &'static str,
    pub none: &'static str,
    pub none_hint: &'static str,
    pub pending: &'static str,
    pub confirm: &'static str,
    pub confirm_hint: &'static str,
    pub person: &'static str,
    pub person_ask: &'static str,
    pub person_hint: &'static str,
    pub person_asked: &'static str,
    pub data: &'static str,
    pub data_hint: &'static str,
    pub erase: &'static str,
    pub erase_hint: &'static str,
    pub erase_confirm: &'static str,
    pub erased: &'static str,
    pub withdrawn: &'static str,
    pub given: &'static str,
    pub refused: &'static str,
    pub expired: &'static str,
    pub unknown: &'static str,
    /// The page of one answer: its title, what it is, deleting, and what was written.
    pub own: [&'static str; 7],
    /// In the foot of a mail, before the link.
    pub manage: &'static str,
    pub bad_link: &'static str,
    pub bad_link_hint: &'static str,
    channels: [&'static str; 4],
    purposes: [&'static str; 3],
}

impl Words {
    /// How a channel is called.
    pub const fn channel(&self, channel: ContactChannel) -> &'static str {
        match channel {
            ContactChannel::Email => self.channels[0],
            ContactChannel::Phone => self.channels[1],
            ContactChannel::Sms => self.channels[2],
            ContactChannel::Post => self.channels[3],
        }
    }

    /// How a purpose is called.
    pub const fn purpose(&self, purpose: Purpose) -> &'static str {
        match purpose {
            Purpose::FollowUp => self.purposes[0],
            Purpose::Survey => self.purposes[1],
            Purpose::Marketing => self.purposes[2],
        }
    }
}

/// Every language, the one to fall back on first.
pub static ALL: [Words; 3] = [
    Words {
        lang: "en",
        language: "English",
        title: "Your choices",
        intro: "You answered a survey of ours. Here you see what we hold about you and decide how we may reach you.",
        contact: "How we may reach you",
        contact_hint: "What is not ticked, we do not do. You can change it here at any time.",
        save: "Save",
        saved: "Saved. It holds from now on, for messages that are already on their way out, too.",
        none: "Contact me no more",
        none_hint: "Withdraws everything above at once.",
        pending: "waits for your confirmation",
        confirm: "Yes, it was me",
        confirm_hint: "You, or somebody who typed your address, allowed us to write to you. Please confirm that it was you; until then we do not.",
        person: "Talk to a person",
        person_ask: "I want to talk to a person",
        person_hint: "Somebody of ours will get back to you about your answer.",
        person_asked: "Somebody will get back to you, on a way that you allow.",
        data: "What we hold about you",
        data_hint: "Download all of it as a file (JSON)",
        erase: "Erase my data",
        erase_hint: "Your answers, comments, contact details and our messages to you are deleted for good. Only anonymous counts remain.",
        erase_confirm: "Yes, erase everything",
        erased: "Your data is being erased. This cannot be undone.",
        withdrawn: "withdrawn",
        given: "allowed since",
        refused: "not allowed",
        expired: "expired",
        unknown: "never asked: we do not contact you",
        own: [
            "Your answer",
            "You gave this answer. This link shows and deletes it, and leads to nothing else: neither to other answers nor to anybody’s contact details.",
            "Delete my answer",
            "What you have written is deleted for good, and a permission to contact you that came with it. Only anonymous counts remain.",
            "Yes, delete it",
            "Your answer is being deleted. This cannot be undone.",
            "What you have written",
        ],
        manage: "Change how we may reach you, or unsubscribe",
        bad_link: "This link does not work",
        bad_link_hint: "It may have expired or been cut off. Take it from our latest message to you, or ask us for a new one.",
        channels: ["E-mail", "Phone", "Text message", "Letter"],
        purposes: ["about the answer I gave", "to ask for further answers", "with offers"],
    },
    Words {
        lang: "de",
        language: "Deutsch",
        title: "Ihre Einstellungen",
        intro: "Sie haben an einer unserer Umfragen teilgenommen. Hier sehen Sie, was wir über Sie gespeichert haben, und entscheiden, wie wir Sie erreichen dürfen.",
        contact: "Wie wir Sie erreichen dürfen",
        contact_hint: "Was nicht angekreuzt ist, unterlassen wir. Sie können es hier jederzeit ändern.",
        save: "Speichern",
        saved: "Gespeichert. Es gilt ab sofort, auch für Nachrichten, die schon zum Versand bereitliegen.",
        none: "Nicht mehr kontaktieren",
        none_hint: "Widerruft alles oben Genannte auf einmal.",
        pending: "wartet auf Ihre Bestätigung",
        confirm: "Ja, das war ich",
        confirm_hint: "Sie, oder jemand, der Ihre Adresse eingegeben hat, haben uns erlaubt, Ihnen zu schreiben. Bitte bestätigen Sie, dass Sie es waren; bis dahin tun wir es nicht.",
        person: "Mit einem Menschen sprechen",
        person_ask: "Ich möchte mit einem Menschen sprechen",
        person_hint: "Jemand von uns meldet sich bei Ihnen zu Ihrer Antwort.",
        person_asked: "Jemand meldet sich bei Ihnen, auf einem Weg, den Sie erlauben.",
        data: "Was wir über Sie gespeichert haben",
        data_hint: "Alles als Datei herunterladen (JSON)",
        erase: "Meine Daten löschen",
        erase_hint: "Ihre Antworten, Kommentare, Kontaktdaten und unsere Nachrichten an Sie werden endgültig gelöscht. Nur anonyme Zählungen bleiben.",
        erase_confirm: "Ja, alles löschen",
        erased: "Ihre Daten werden gelöscht. Das lässt sich nicht rückgängig machen.",
        withdrawn: "widerrufen",
        given: "erlaubt seit",
        refused: "nicht erlaubt",
        expired: "abgelaufen",
        unknown: "nie gefragt: wir kontaktieren Sie nicht",
        own: [
            "Ihre Antwort",
            "Sie haben diese Antwort gegeben. Dieser Link zeigt und löscht sie und führt zu nichts anderem: weder zu anderen Antworten noch zu Kontaktdaten.",
            "Meine Antwort löschen",
            "Was Sie geschrieben haben, wird endgültig gelöscht, ebenso eine damit gegebene Erlaubnis, Sie zu kontaktieren. Nur anonyme Zählungen bleiben.",
            "Ja, löschen",
            "Ihre Antwort wird gelöscht. Das lässt sich nicht rückgängig machen.",
            "Was Sie geschrieben haben",
        ],
        manage: "Ändern, wie wir Sie erreichen dürfen, oder abbestellen",
        bad_link: "Dieser Link funktioniert nicht",
        bad_link_hint: "Er ist vielleicht abgelaufen oder abgeschnitten. Nehmen Sie den Link aus unserer letzten Nachricht an Sie oder fragen Sie uns nach einem neuen.",
        channels: ["E-Mail", "Telefon", "SMS", "Brief"],
        purposes: ["zu meiner Antwort", "um weitere Antworten zu erbitten", "mit Angeboten"],
    },
    Words {
        lang: "fr",
        language: "Français",
        title: "Vos choix",
        intro: "Vous avez répondu à l’une de nos enquêtes. Ici, vous voyez ce que nous conservons à votre sujet et décidez comment nous pouvons vous joindre.",
        contact: "Comment nous pouvons vous joindre",
        contact_hint: "Ce qui n’est pas coché, nous ne le faisons pas. Vous pouvez le modifier ici à tout moment.",
        save: "Enregistrer",
        saved: "Enregistré. Cela vaut dès maintenant, y compris pour les messages déjà prêts à partir.",
        none: "Ne plus me contacter",
        none_hint: "Retire tout ce qui précède en une fois.",
        pending: "attend votre confirmation",
        confirm: "Oui, c’était moi",
        confirm_hint: "Vous, ou quelqu’un qui a saisi votre adresse, nous avez autorisés à vous écrire. Merci de confirmer que c’était bien vous ; d’ici là, nous ne le faisons pas.",
        person: "Parler à une personne",
        person_ask: "Je souhaite parler à une personne",
        person_hint: "L’un de nous reviendra vers vous au sujet de votre réponse.",
        person_asked: "Quelqu’un reviendra vers vous, par une voie que vous autorisez.",
        data: "Ce que nous conservons à votre sujet",
        data_hint: "Tout télécharger dans un fichier (JSON)",
        erase: "Effacer mes données",
        erase_hint: "Vos réponses, vos commentaires, vos coordonnées et nos messages sont supprimés définitivement. Seuls des décomptes anonymes restent.",
        erase_confirm: "Oui, tout effacer",
        erased: "Vos données sont en cours d’effacement. C’est irréversible.",
        withdrawn: "retiré",
        given: "autorisé depuis le",
        refused: "non autorisé",
        expired: "expiré",
        unknown: "jamais demandé : nous ne vous contactons pas",
        own: [
            "Votre réponse",
            "Vous avez donné cette réponse. Ce lien la montre et la supprime, et ne mène à rien d’autre : ni à d’autres réponses, ni à des coordonnées.",
            "Supprimer ma réponse",
            "Ce que vous avez écrit est supprimé définitivement, de même que l’autorisation de vous contacter donnée avec. Seuls des décomptes anonymes restent.",
            "Oui, la supprimer",
            "Votre réponse est en cours de suppression. C’est irréversible.",
            "Ce que vous avez écrit",
        ],
        manage: "Modifier comment nous pouvons vous joindre, ou vous désabonner",
        bad_link: "Ce lien ne fonctionne pas",
        bad_link_hint: "Il a peut-être expiré ou été coupé. Prenez celui de notre dernier message, ou demandez-nous en un nouveau.",
        channels: ["E-mail", "Téléphone", "SMS", "Courrier"],
        purposes: ["au sujet de ma réponse", "pour demander d’autres réponses", "avec des offres"],
    },
];

/// The texts for a list of wishes, the first that is spoken here: tags such as `de-AT`, or an `Accept-Language` header,
/// whose order is taken for its preference.
pub fn best<'a>(wishes: impl IntoIterator<Item = &'a str>) -> &'static Words {
    let tags = wishes.into_iter().flat_map(|wish| wish.split(','));
    let mut known = tags.filter_map(|tag| {
        let language = web::primary(tag);
        ALL.iter().find(|words| words.lang == language)
    });
    known.next().unwrap_or(&ALL[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_is_spoken_here_is_taken() {
        for (wishes, lang) in [
            (vec![], "en"),
            (vec!["de-AT"], "de"),
            (vec!["", "fr"], "fr"),
            (vec!["es,pt;q=0.9,fr-CA;q=0.8,en;q=0.5"], "fr"),
            (vec!["xx", "DE"], "de"),
        ] {
            assert_eq!(best(wishes.clone()).lang, lang, "{wishes:?}");
        }
    }
}
