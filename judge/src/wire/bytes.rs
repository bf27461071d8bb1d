//! Keys and values: text where they are text, hexadecimal digits otherwise.

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Bytes, written as a JSON string when they are UTF-8 and as `{"hex": "00ff"}` otherwise.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Text(pub Bytes);

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Hex(Hex),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Hex {
    hex: String,
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Hex { hex: digits(&self.0) }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Ok(Self(text.into())),
            Form::Hex(Hex { hex }) => {
                let bytes = parse(&hex);
                bytes.map(Self).ok_or_else(|| D::Error::custom("hex takes pairs of digits"))
            }
        }
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parse(hex: &str) -> Option<Bytes> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((value(*high)? * 16 + value(*low)?) as u8));
    rest.is_empty().then(|| bytes.collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        for bytes in [&b""[..], b"a", "\u{e4}\0\"".as_bytes(), b"\xff", b"\0\xff\x10"] {
            let text = Text(Bytes::copy_from_slice(bytes));
            let json = serde_json::to_string(&text).unwrap();
            assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), text, "{json}");
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for json in [r#"{"hex":"f"}"#, r#"{"hex":"fg"}"#, r#"{"base64":"AA"}"#, "1", "[1]"] {
            serde_json::from_str::<Text>(json).unwrap_err();
        }
    }
}
