//! A table of figures, and its three forms: for programs (JSON), for spreadsheets (CSV) and for pages.

use csv_core::{Terminator, Writer, WriterBuilder};
use serde_json::{Map, Value as Json};

/// A value in a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Unknown: there is nothing to tell it from.
    Nothing,
    Text(String),
    Count(u64),
    /// Told to one decimal.
    Number(f64),
    Yes(bool),
}

impl Value {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn number(number: Option<f64>) -> Self {
        // Never −0.
        number.map_or(Self::Nothing, |n| Self::Number((n * 10.0).round() / 10.0 + 0.0))
    }

    fn json(&self) -> Json {
        match self {
            Self::Nothing => Json::Null,
            Self::Text(text) => text.as_str().into(),
            Self::Count(n) => (*n).into(),
            Self::Number(n) => (*n).into(),
            Self::Yes(yes) => (*yes).into(),
        }
    }

    fn csv(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => harmless(text),
            Self::Count(n) => n.to_string(),
            Self::Number(n) => format!("{n:.1}"),
            Self::Yes(yes) => yes.to_string(),
        }
    }
}

/// Texts come from outside, and a spreadsheet takes what begins like a formula for one (OWASP, *CSV Injection*).
fn harmless(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text != "-";
    if formula { format!("'{text}") } else { text.to_owned() }
}

/// Rows of values under named columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub columns: &'static [&'static str],
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// A list of objects.
    pub fn json(&self) -> Json {
        let row = |row: &Vec<Value>| -> Json {
            let named = self.columns.iter().zip(row).map(|(column, value)| ((*column).to_owned(), value.json()));
            Json::Object(named.collect::<Map<_, _>>())
        };
        self.rows.iter().map(row).collect()
    }

    /// RFC 4180, with the columns' names as the first line.
    pub fn csv(&self) -> Vec<u8> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).build();
        let mut text = Vec::new();
        write_line(&mut writer, self.columns.iter().map(|column| (*column).to_owned()), &mut text);
        for row in &self.rows {
            write_line(&mut writer, row.iter().map(Value::csv), &mut text);
        }
        text
    }
}

fn write_line(writer: &mut Writer, fields: impl Iterator<Item = String>, text: &mut Vec<u8>) {
    // What ends a field or a line is at most a quote and two characters.
    let mut end = [0; 3];
    for (i, field) in fields.enumerate() {
        if i > 0 {
            let (_, written) = writer.delimiter(&mut end);
            text.extend_from_slice(&end[..written]);
        }
        // Every quote is doubled at most, and two are around them.
        let mut buffer = vec![0; 2 * field.len() + 2];
        let (_, _, written) = writer.field(field.as_bytes(), &mut buffer);
        text.extend_from_slice(&buffer[..written]);
    }
    let (_, written) = writer.terminator(&mut end);
    text.extend_from_slice(&end[..written]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_the_same_in_json_and_csv() {
        let rows = vec![
            vec![Value::text("a,\"b\"\nc"), Value::Count(3), Value::number(Some(-0.04))],
            vec![Value::text("=HYPERLINK(1)"), Value::Nothing, Value::number(None)],
            vec![Value::text("-"), Value::Yes(true), Value::number(Some(12.345))],
        ];
        let table = Table { columns: &["name", "n", "value"], rows };
        let csv = String::from_utf8(table.csv()).unwrap();
        assert_eq!(csv, "name,n,value\r\n\"a,\"\"b\"\"\nc\",3,0.0\r\n'=HYPERLINK(1),,\r\n-,true,12.3\r\n");
        assert_eq!(table.json()[2], serde_json::json!({ "name": "-", "n": true, "value": 12.3 }));
        assert_eq!(table.json()[1]["value"], Json::Null);
    }
}
