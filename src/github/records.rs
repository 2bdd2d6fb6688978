//! Cutting a report file into its records while it arrives. Pure.
//!
//! GitHub promises one JSON object a line. What has been seen as well is a byte-order mark, blank lines, a missing last
//! newline, one array around everything, and one object printed over many lines. Objects are told apart by their lines:
//! where a line ends with `}` and the next begins with `{`, JSON has no other reading than the end of an object, as
//! strings have no line ends in them and an array would have a comma. Only in an array brackets have to be counted, which
//! costs as much as parsing. Gzip without its header is recognised by its first bytes.

use std::io::Write;

use flate2::write::MultiGzDecoder;
use memchr::memchr;

use super::failure::{Failure, Reason};

/// The longest record that is read. A month of a big enterprise in one object stays far below it.
const LONGEST_RECORD: usize = 64 << 20;

/// So many bytes of gzip are taken at a time: they can become a thousand times as many.
const GZIP_PIECE: usize = 4 << 10;

/// The magic number of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file on its way: bytes go in, whole records come out.
#[derive(Default)]
pub struct Records {
    coding: Coding,
    cutter: Cutter,
    length: u64,
}

#[derive(Default)]
enum Coding {
    /// Nothing has come yet.
    #[default]
    Unknown,
    /// One byte has come, and it could begin gzip.
    FirstOfGzip,
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Records {
    /// Takes in the next bytes and gives every record that is whole now to `each`.
    ///
    /// # Errors
    /// What `each` returns; [`Reason::Decode`] for what is no sequence of objects, [`Reason::TooLarge`] for a record
    /// beyond every sensible size.
    pub fn push(&mut self, bytes: &[u8], each: &mut Each<'_>) -> Result<(), Failure> {
        let Some(first) = bytes.first() else { return Ok(()) };
        match &mut self.coding {
            Coding::Plain => {
                self.length += bytes.len() as u64;
                self.cutter.push(bytes, each)
            }
            Coding::Gzip(decoder) => {
                for piece in bytes.chunks(GZIP_PIECE) {
                    let damaged = |error| broken(&format!("its gzip is damaged: {error}"));
                    decoder.write_all(piece).map_err(damaged)?;
                    let text = std::mem::take(decoder.get_mut());
                    self.length += text.len() as u64;
                    self.cutter.push(&text, each)?;
                }
                Ok(())
            }
            Coding::Unknown if *first == GZIP[0] => {
                self.coding = Coding::FirstOfGzip;
                self.push(&bytes[1..], each)
            }
            Coding::FirstOfGzip if *first == GZIP[1] => {
                self.coding = Coding::Gzip(Box::new(MultiGzDecoder::new(Vec::new())));
                self.push(&GZIP, each)?;
                self.push(&bytes[1..], each)
            }
            Coding::FirstOfGzip => Err(broken("it begins like gzip and is none")),
            Coding::Unknown => {
                self.coding = Coding::Plain;
                self.push(bytes, each)
            }
        }
    }

    /// How many bytes have come so far, unpacked: what is small on the wire can be without end.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The file has ended.
    ///
    /// # Errors
    /// [`Reason::Decode`] if it ends inside a record or an array: what is missing must not pass for nothing.
    pub fn finish(mut self, each: &mut Each<'_>) -> Result<(), Failure> {
        if let Coding::Gzip(decoder) = &mut self.coding {
            decoder.try_finish().map_err(|error| broken(&format!("its gzip breaks off: {error}")))?;
            let text = std::mem::take(decoder.get_mut());
            self.cutter.push(&text, each)?;
        }
        if matches!(self.coding, Coding::FirstOfGzip) {
            return Err(broken("it breaks off at once"));
        }
        self.cutter.finish(each)
    }
}

/// Takes one record, as JSON. Where several stand on one line, it takes them together.
pub type Each<'e> = dyn FnMut(&[u8]) -> Result<(), Failure> + Send + 'e;

/// Cuts a text in the way that its beginning asks for.
#[derive(Default)]
enum Cutter {
    /// Nothing but white space and a byte-order mark has come.
    #[default]
    Unknown,
    Lines(Lines),
    Array(Array),
}

impl Cutter {
    fn push(&mut self, text: &[u8], each: &mut Each<'_>) -> Result<(), Failure> {
        match self {
            Self::Lines(lines) => lines.push(text, each),
            Self::Array(array) => array.push(text, each),
            Self::Unknown => {
                let is_blank = |byte: &u8| byte.is_ascii_whitespace() || BYTE_ORDER_MARK.contains(byte);
                let Some(start) = text.iter().position(|byte| !is_blank(byte)) else { return Ok(()) };
                *self = match text[start] {
                    b'{' => Self::Lines(Lines::default()),
                    b'[' => Self::Array(Array::default()),
                    _ => return Err(broken("it is no sequence of JSON objects")),
                };
                self.push(&text[start..], each)
            }
        }
    }

    fn finish(self, each: &mut Each<'_>) -> Result<(), Failure> {
        match self {
            Self::Unknown => Ok(()),
            Self::Lines(lines) if lines.begun.is_empty() => Ok(()),
            // If it breaks off, that is no JSON.
            Self::Lines(lines) => each(&lines.begun),
            Self::Array(array) if array.is_closed => Ok(()),
            Self::Array(_) => Err(broken("it breaks off inside an array")),
        }
    }
}

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Finds the ends of objects at the ends of lines.
#[derive(Default)]
struct Lines {
    /// What has come of an object whose end was not seen yet.
    begun: Vec<u8>,
    /// The last byte of it that is not white space.
    last: Option<u8>,
    /// Whether it is lines that end with `}`: if the next one begins with `{`, that was the end.
    may_end: bool,
}

impl Lines {
    fn push(&mut self, text: &[u8], each: &mut Each<'_>) -> Result<(), Failure> {
        let (mut start, mut line) = (0, 0);
        loop {
            if self.may_end {
                let blank = text[line..].len() - text[line..].trim_ascii_start().len();
                let Some(first) = text[line + blank..].first() else { break };
                if *first == b'{' {
                    emit(&mut self.begun, &text[start..line], each)?;
                    start = line;
                }
                line += blank;
                self.may_end = false;
            }
            let length = memchr(b'\n', &text[line..]);
            let end = length.map_or(text.len(), |length| line + length + 1);
            self.last = text[line..end].trim_ascii_end().last().copied().or(self.last);
            line = end;
            if length.is_none() {
                break;
            }
            self.may_end = self.last == Some(b'}');
        }
        self.begun.extend_from_slice(&text[start..]);
        too_long(&self.begun)
    }
}

/// Finds the objects of an array by their brackets.
#[derive(Default)]
struct Array {
    /// The beginning of a record whose end has not come yet.
    begun: Vec<u8>,
    is_closed: bool,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Array {
    fn push(&mut self, text: &[u8], each: &mut Each<'_>) -> Result<(), Failure> {
        let mut start = 0;
        for (at, byte) in text.iter().enumerate() {
            if self.depth == 0 {
                start = at;
                match byte {
                    b'{' => self.depth = 1,
                    b'[' => self.is_closed = false,
                    b']' => self.is_closed = true,
                    b' ' | b'\t' | b'\r' | b'\n' | b',' => {}
                    _ => return Err(broken("it is no sequence of JSON objects")),
                }
            } else if self.ends_record(*byte) {
                emit(&mut self.begun, &text[start..=at], each)?;
            }
        }
        if self.depth > 0 {
            self.begun.extend_from_slice(&text[start..]);
        }
        too_long(&self.begun)
    }

    /// Follows one byte inside a record; whether it is its last.
    fn ends_record(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        self.depth == 0
    }
}

/// Gives a record whose beginning may have come earlier.
fn emit(begun: &mut Vec<u8>, end: &[u8], each: &mut Each<'_>) -> Result<(), Failure> {
    if begun.is_empty() {
        return each(end);
    }
    begun.extend_from_slice(end);
    let result = each(begun);
    begun.clear();
    result
}

fn too_long(begun: &[u8]) -> Result<(), Failure> {
    if begun.len() > LONGEST_RECORD {
        return Err(Failure::new(Reason::TooLarge, "a record of the report is far too long"));
    }
    Ok(())
}

fn broken(what: &str) -> Failure {
    Failure::new(Reason::Decode, format!("the report cannot be read: {what}"))
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    /// The records of a file that arrives in pieces of this length.
    fn read(file: &[u8], piece: usize) -> Result<Vec<serde_json::Value>, Failure> {
        let mut found = Vec::new();
        let mut each = |record: &[u8]| {
            for value in serde_json::Deserializer::from_slice(record).into_iter() {
                found.push(value.map_err(|error| broken(&error.to_string()))?);
            }
            Ok(())
        };
        let mut records = Records::default();
        for piece in file.chunks(piece) {
            records.push(piece, &mut each)?;
        }
        records.finish(&mut each)?;
        Ok(found)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_shape_that_was_seen_gives_the_same_records_however_it_is_cut() {
        let shapes: [&[u8]; 9] = [
            b"{\"a\":1}\n{\"b\":\"}{\\\"[\"}\n",
            b"{\"a\":1}\n{\"b\":\"}{\\\"[\"}",
            b"{\"a\":1}\r\n\r\n{\"b\":\"}{\\\"[\"}\r\n",
            b"\xef\xbb\xbf{\"a\":1}\n{\"b\":\"}{\\\"[\"}\n",
            b"[{\"a\":1},{\"b\":\"}{\\\"[\"}]",
            b"[\n  {\n    \"a\": 1\n  },\n  { \"b\": \"}{\\\"[\" }\n]\n",
            b"{\n  \"a\": 1\n}\n{\n  \"b\": \"}{\\\"[\"\n}",
            b"\n\n {\"a\":1} {\"b\":\"}{\\\"[\"} ",
            b"{\"a\":1}{\"b\":\"}{\\\"[\"}\n",
        ];
        let expected = [serde_json::json!({"a": 1}), serde_json::json!({"b": "}{\"["})];
        for shape in shapes {
            for piece in 1..=shape.len() {
                assert_eq!(read(shape, piece).unwrap(), expected, "{}", String::from_utf8_lossy(shape));
                assert_eq!(read(&gzip(shape), piece).unwrap(), expected);
            }
        }
        for nothing in [&b""[..], b"\n", b"[]", b"\xef\xbb\xbf"] {
            assert_eq!(read(nothing, 1).unwrap(), [] as [serde_json::Value; 0]);
        }
    }

    #[test]
    fn what_breaks_off_or_is_no_json_is_a_failure() {
        let whole = gzip(b"{\"a\":1}\n{\"b\":2}\n");
        let damaged: [&[u8]; 9] = [
            b"{\"a\":1}\n{\"b\":",
            b"[{\"a\":1},",
            b"[",
            b"{\"a\":\"",
            b"<html>",
            b"\"not ready\"",
            b"\x1f",
            b"\x1fx",
            &whole[..whole.len() - 9],
        ];
        for file in damaged {
            assert_eq!(read(file, 3).unwrap_err().reason, Reason::Decode, "{file:?}");
        }
    }

    /// It took days when every line end looked back over all of them.
    #[test]
    fn blank_lines_are_passed_over_once() {
        let blank = "\n".repeat(1 << 20);
        let file = format!("{{\"a\":{blank}1}}{blank}{{\"b\":[{{}}{blank},2]}}");
        let expected = [serde_json::json!({"a": 1}), serde_json::json!({"b": [{}, 2]})];
        for piece in [1 << 10, file.len()] {
            assert_eq!(read(file.as_bytes(), piece).unwrap(), expected);
        }
        assert_eq!(read(&gzip(file.as_bytes()), file.len()).unwrap(), expected);
    }

    #[test]
    fn the_length_is_that_of_what_was_packed() {
        let blank = vec![b'\n'; 10 << 20];
        for file in [blank.clone(), gzip(&blank)] {
            let mut records = Records::default();
            records.push(&file, &mut |_| Ok(())).unwrap();
            assert!(
                (9 << 20..=10 << 20).contains(&records.length()),
                "{} of {}",
                records.length(),
                file.len()
            );
        }
    }

    #[test]
    fn a_record_without_an_end_is_given_up() {
        let (mut records, piece) = (Records::default(), vec![b' '; 1 << 20]);
        let mut push = |bytes: &[u8]| records.push(bytes, &mut |_| Ok(()));
        push(b"{\"a\":").unwrap();
        let pushed = (0..=LONGEST_RECORD >> 20).map(|_| push(&piece));
        let failures: Vec<Reason> = pushed.filter_map(Result::err).map(|failure| failure.reason).collect();
        assert!(
            !failures.is_empty() && failures.iter().all(|reason| *reason == Reason::TooLarge),
            "{failures:?}"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(file in prop::collection::vec(any::<u8>(), 0..200), piece in 1..50usize) {
            let _ = read(&file, piece);
        }
    }
}
