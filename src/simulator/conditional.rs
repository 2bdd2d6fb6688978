//! Conditional requests: an `ETag` made of the body, and 304 for whoever has that body already.

use hyper::header::{ETAG, HeaderMap, IF_NONE_MATCH, LINK};
use hyper::http::StatusCode;

use super::answer::Answer;

/// Gives a good answer (200) its `ETag`, and takes its body away if `headers` name it in `If-None-Match`.
pub(super) fn conditional(mut answer: Answer, headers: &HeaderMap) -> Answer {
    let tag = format!("W/\"{:016x}\"", fingerprint(&answer.body));
    if is_known(&tag, headers) {
        // The body alone makes the tag, but a page can get another behind it: the link still has to say so.
        let link = answer.headers.remove(LINK);
        answer = Answer::empty(StatusCode::NOT_MODIFIED);
        answer.headers.extend(link.map(|link| (LINK, link)));
    }
    answer.set(ETAG, &tag);
    answer
}

/// Whether the client has what `tag` stands for. Tags are compared weakly: with or without `W/`.
fn is_known(tag: &str, headers: &HeaderMap) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    lists.flat_map(|list| list.split(',')).any(|known| known.trim() == "*" || weak(known) == weak(tag))
}

/// FNV-1a: the standard library's hashes promise no stable values, and two processes must agree.
fn fingerprint(body: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    body.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn the_fingerprint_is_that_of_the_published_test_vectors() {
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn if_none_match_is_a_list_compared_weakly() {
        let tag = "W/\"abc\"";
        for (header, known) in [
            ("W/\"abc\"", true),
            ("\"abc\"", true),
            ("\"x\", W/\"abc\"", true),
            ("*", true),
            ("\"abd\"", false),
            ("abc", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(header))]);
            assert_eq!(is_known(tag, &headers), known, "{header}");
        }
    }
}
