//! What the widget and the survey page say where the programme says nothing else, in every language they are made in.
//!
//! One row a text, so that a language cannot miss one. `{company}`, `{n}` and `{max}` are filled in.

/// The languages, as they stand in the rows. The last one is written from right to left.
pub const LANGUAGES: [&str; 6] = ["en", "de", "fr", "it", "es", "ar"];

/// Which way a language is written.
#[must_use]
pub fn direction(language: &str) -> &'static str {
    match language {
        "ar" | "fa" | "he" | "ur" => "rtl",
        _ => "ltr",
    }
}

/// The texts by name.
#[rustfmt::skip]
pub const TEXTS: [(&str, [&str; 6]); 46] = [
    ("region", ["Your feedback", "Ihr Feedback", "Votre avis", "La sua opinione", "Su opinión", "رأيك"]),
    ("question_nps", [
        "How likely are you to recommend {company} to a friend or colleague?",
        "Wie wahrscheinlich ist es, dass Sie {company} weiterempfehlen?",
        "Recommanderiez-vous {company} à un proche ou à un collègue ?",
        "Con quale probabilità consiglierebbe {company} a un amico o collega?",
        "¿Qué probabilidad hay de que recomiende {company} a un amigo o colega?",
        "ما مدى احتمال أن توصي بـ {company} لصديق أو زميل؟",
    ]),
    ("low_nps", ["Not at all likely", "Sehr unwahrscheinlich", "Pas du tout probable", "Per niente probabile", "Nada probable", "غير محتمل إطلاقًا"]),
    ("high_nps", ["Extremely likely", "Sehr wahrscheinlich", "Très probable", "Molto probabile", "Muy probable", "محتمل جدًا"]),
    ("question_csat", [
        "How satisfied are you with {company}?",
        "Wie zufrieden sind Sie mit {company}?",
        "Êtes-vous satisfait de {company} ?",
        "Quanto è soddisfatto di {company}?",
        "¿Está satisfecho con {company}?",
        "ما مدى رضاك عن {company}؟",
    ]),
    ("low_csat", ["Very dissatisfied", "Sehr unzufrieden", "Très insatisfait", "Molto insoddisfatto", "Muy insatisfecho", "غير راضٍ إطلاقًا"]),
    ("high_csat", ["Very satisfied", "Sehr zufrieden", "Très satisfait", "Molto soddisfatto", "Muy satisfecho", "راضٍ جدًا"]),
    ("question_ces", [
        "{company} made it easy for me.",
        "{company} hat es mir leicht gemacht.",
        "{company} m’a facilité les choses.",
        "{company} mi ha semplificato le cose.",
        "{company} me lo puso fácil.",
        "جعلت {company} الأمر سهلًا عليّ.",
    ]),
    ("low_ces", ["Strongly disagree", "Stimme gar nicht zu", "Pas du tout d’accord", "Per niente d’accordo", "Muy en desacuerdo", "لا أوافق إطلاقًا"]),
    ("high_ces", ["Strongly agree", "Stimme voll zu", "Tout à fait d’accord", "Del tutto d’accordo", "Muy de acuerdo", "أوافق تمامًا"]),
    ("question_stars", [
        "How would you rate {company}?",
        "Wie bewerten Sie {company}?",
        "Quelle note donnez-vous à {company} ?",
        "Come valuta {company}?",
        "¿Cómo valora {company}?",
        "كيف تقيّم {company}؟",
    ]),
    ("low_stars", ["Poor", "Schlecht", "Mauvais", "Scarso", "Malo", "سيئ"]),
    ("high_stars", ["Excellent", "Hervorragend", "Excellent", "Ottimo", "Excelente", "ممتاز"]),
    ("question_thumbs", [
        "Was this helpful?",
        "War das hilfreich?",
        "Cela vous a-t-il aidé ?",
        "È stato utile?",
        "¿Le ha sido útil?",
        "هل كان ذلك مفيدًا؟",
    ]),
    ("low_thumbs", ["No", "Nein", "Non", "No", "No", "لا"]),
    ("high_thumbs", ["Yes", "Ja", "Oui", "Sì", "Sí", "نعم"]),
    ("of", ["{n} of {max}", "{n} von {max}", "{n} sur {max}", "{n} su {max}", "{n} de {max}", "{n} من {max}"]),
    ("follow_low", [
        "What went wrong?",
        "Was ist schiefgelaufen?",
        "Qu’est-ce qui n’a pas fonctionné ?",
        "Che cosa non ha funzionato?",
        "¿Qué salió mal?",
        "ما الذي لم يسر على ما يرام؟",
    ]),
    ("follow_middle", [
        "What should we do better?",
        "Was sollten wir besser machen?",
        "Que devrions-nous améliorer ?",
        "Che cosa dovremmo migliorare?",
        "¿Qué deberíamos mejorar?",
        "ما الذي ينبغي أن نحسّنه؟",
    ]),
    ("follow_high", [
        "What did you like most?",
        "Was hat Ihnen am besten gefallen?",
        "Qu’avez-vous le plus apprécié ?",
        "Che cosa le è piaciuto di più?",
        "¿Qué es lo que más le gustó?",
        "ما أكثر ما أعجبك؟",
    ]),
    ("optional", ["optional", "freiwillig", "facultatif", "facoltativo", "opcional", "اختياري"]),
    ("contact", [
        "May we contact you about your answer?",
        "Dürfen wir Sie zu Ihrer Antwort kontaktieren?",
        "Pouvons-nous vous contacter au sujet de votre réponse ?",
        "Possiamo contattarla in merito alla sua risposta?",
        "¿Podemos contactarle sobre su respuesta?",
        "هل يمكننا التواصل معك بشأن إجابتك؟",
    ]),
    ("yes", ["Yes", "Ja", "Oui", "Sì", "Sí", "نعم"]),
    ("no", ["No", "Nein", "Non", "No", "No", "لا"]),
    ("email", ["Your e-mail address", "Ihre E-Mail-Adresse", "Votre adresse e-mail", "Il suo indirizzo e-mail", "Su correo electrónico", "بريدك الإلكتروني"]),
    ("email_wrong", [
        "Please enter an address as in name@example.com.",
        "Bitte eine Adresse wie name@example.com eingeben.",
        "Saisissez une adresse comme nom@example.com.",
        "Inserisca un indirizzo come nome@example.com.",
        "Escriba una dirección como nombre@example.com.",
        "يرجى إدخال عنوان مثل name@example.com.",
    ]),
    ("phone", ["Your phone number", "Ihre Telefonnummer", "Votre numéro de téléphone", "Il suo numero di telefono", "Su número de teléfono", "رقم هاتفك"]),
    ("phone_wrong", [
        "Please enter a number as in +49 30 1234567.",
        "Bitte eine Nummer wie +49 30 1234567 eingeben.",
        "Saisissez un numéro comme +33 1 23 45 67 89.",
        "Inserisca un numero come +39 06 1234567.",
        "Escriba un número como +34 91 123 45 67.",
        "يرجى إدخال رقم مثل +49 30 1234567.",
    ]),
    ("send", ["Send", "Senden", "Envoyer", "Invia", "Enviar", "إرسال"]),
    ("later", ["Not now", "Nicht jetzt", "Pas maintenant", "Non ora", "Ahora no", "ليس الآن"]),
    ("close", ["Close", "Schließen", "Fermer", "Chiudi", "Cerrar", "إغلاق"]),
    ("thanks", ["Thank you!", "Vielen Dank!", "Merci !", "Grazie!", "¡Gracias!", "شكرًا لك!"]),
    ("thanks_low", [
        "We are sorry that it did not go well, and we will look into it.",
        "Es tut uns leid, dass es nicht gut lief. Wir gehen dem nach.",
        "Nous regrettons que cela se soit mal passé et allons nous en occuper.",
        "Ci dispiace che non sia andata bene: ce ne occuperemo.",
        "Sentimos que no fuera bien. Lo vamos a revisar.",
        "نأسف لأن الأمر لم يسر على ما يرام، وسننظر فيه.",
    ]),
    ("thanks_middle", [
        "Your answer helps us to become better.",
        "Ihre Antwort hilft uns, besser zu werden.",
        "Votre réponse nous aide à progresser.",
        "La sua risposta ci aiuta a migliorare.",
        "Su respuesta nos ayuda a mejorar.",
        "تساعدنا إجابتك على التحسّن.",
    ]),
    ("thanks_high", [
        "We are glad to hear that.",
        "Das freut uns sehr.",
        "Nous en sommes ravis.",
        "Ne siamo davvero felici.",
        "Nos alegra mucho saberlo.",
        "يسعدنا ذلك كثيرًا.",
    ]),
    ("next", ["Tell others about it", "Anderen davon erzählen", "En parler autour de vous", "Lo racconti ad altri", "Cuénteselo a otros", "أخبر الآخرين بذلك"]),
    ("taken", [
        "Your answer is in.",
        "Ihre Antwort ist angekommen.",
        "Votre réponse est enregistrée.",
        "La sua risposta è stata registrata.",
        "Hemos recibido su respuesta.",
        "تم استلام إجابتك.",
    ]),
    ("kept", [
        "There is no connection. Your answer is kept here and sent as soon as there is one.",
        "Keine Verbindung. Ihre Antwort bleibt hier gespeichert und wird gesendet, sobald es geht.",
        "Pas de connexion. Votre réponse est conservée ici et sera envoyée dès que possible.",
        "Nessuna connessione. La sua risposta resta salvata qui e verrà inviata appena possibile.",
        "Sin conexión. Su respuesta queda guardada aquí y se enviará en cuanto sea posible.",
        "لا يوجد اتصال. إجابتك محفوظة هنا وستُرسل حالما يتوفر الاتصال.",
    ]),
    ("refused", [
        "Your answer could not be taken.",
        "Ihre Antwort konnte nicht angenommen werden.",
        "Votre réponse n’a pas pu être enregistrée.",
        "Non è stato possibile registrare la sua risposta.",
        "No se pudo registrar su respuesta.",
        "تعذّر قبول إجابتك.",
    ]),
    ("again", [
        "That did not work. Please press Send once more.",
        "Das hat nicht geklappt. Bitte drücken Sie noch einmal auf Senden.",
        "Cela n’a pas fonctionné. Appuyez encore une fois sur Envoyer.",
        "Non ha funzionato. Prema ancora una volta Invia.",
        "No ha funcionado. Pulse Enviar otra vez.",
        "لم ينجح ذلك. يرجى الضغط على إرسال مرة أخرى.",
    ]),
    ("busy", [
        "A great many answers are coming in just now. Please wait a minute and press Send once more.",
        "Gerade gehen sehr viele Antworten ein. Bitte warten Sie eine Minute und drücken Sie noch einmal auf Senden.",
        "De très nombreuses réponses arrivent en ce moment. Patientez une minute, puis appuyez encore une fois sur Envoyer.",
        "In questo momento arrivano moltissime risposte. Attenda un minuto e prema ancora una volta Invia.",
        "Ahora mismo llegan muchísimas respuestas. Espere un minuto y pulse Enviar otra vez.",
        "تصل الآن إجابات كثيرة جدًا. يرجى الانتظار دقيقة ثم الضغط على إرسال مرة أخرى.",
    ]),
    ("no_survey", [
        "There is no survey here. Please check whether the link is complete.",
        "Hier gibt es keine Umfrage. Bitte prüfen Sie, ob der Link vollständig ist.",
        "Il n’y a pas de questionnaire ici. Vérifiez que le lien est complet.",
        "Qui non c’è nessun sondaggio. Verifichi che il link sia completo.",
        "Aquí no hay ninguna encuesta. Compruebe que el enlace esté completo.",
        "لا يوجد استبيان هنا. يرجى التحقق من أن الرابط كامل.",
    ]),
    ("link_refused", [
        "This link does not work. Please ask whoever sent it to you for a new one.",
        "Dieser Link funktioniert nicht. Bitte lassen Sie sich einen neuen schicken.",
        "Ce lien ne fonctionne pas. Demandez-en un nouveau à qui vous l’a envoyé.",
        "Questo link non funziona. Ne chieda uno nuovo a chi gliel’ha inviato.",
        "Este enlace no funciona. Pida uno nuevo a quien se lo envió.",
        "هذا الرابط لا يعمل. يرجى طلب رابط جديد ممن أرسله إليك.",
    ]),
    ("confirm", [
        "Please press Send to confirm your answer.",
        "Bitte bestätigen Sie Ihre Antwort mit Senden.",
        "Appuyez sur Envoyer pour confirmer votre réponse.",
        "Prema Invia per confermare la sua risposta.",
        "Pulse Enviar para confirmar su respuesta.",
        "يرجى الضغط على إرسال لتأكيد إجابتك.",
    ]),
    ("own", [
        "See or delete my answer",
        "Meine Antwort ansehen oder löschen",
        "Voir ou supprimer ma réponse",
        "Vedere o eliminare la mia risposta",
        "Ver o eliminar mi respuesta",
        "عرض إجابتي أو حذفها",
    ]),
    ("privacy", ["Privacy", "Datenschutz", "Confidentialité", "Privacy", "Privacidad", "الخصوصية"]),
];

/// Where a text stands among [`TEXTS`].
#[must_use]
pub fn default_text(name: &str, language: &str) -> &'static str {
    let column = LANGUAGES.iter().position(|l| *l == language).unwrap_or(0);
    TEXTS.iter().find(|(key, _)| *key == name).map_or("", |(_, texts)| texts[column])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_empty_and_each_says_what_is_filled_in_in_every_language() {
        for (name, texts) in TEXTS {
            for (language, text) in LANGUAGES.iter().zip(texts) {
                assert!(!text.trim().is_empty(), "{name} {language}");
                for filled in ["{company}", "{n}", "{max}"] {
                    assert_eq!(text.contains(filled), texts[0].contains(filled), "{name} {language} {filled}");
                }
            }
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = TEXTS.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TEXTS.len());
    }
}
