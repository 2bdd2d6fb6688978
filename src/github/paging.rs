//! The next page of a list: the `Link` header of RFC 8288 as GitHub writes it.

use reqwest::header::{HeaderMap, LINK};
use url::Url;

use super::failure::{Failure, Reason};

/// The address of the page after `here`, or nothing on the last page.
///
/// The link is followed as it stands: GitHub moves to numeric paths and may put cursors in the place of page numbers.
///
/// # Errors
/// [`Reason::Decode`] if the link leads away from the origin of `here`: the token must not follow it.
pub fn next(headers: &HeaderMap, here: &Url) -> Result<Option<Url>, Failure> {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let Some(target) =
        links.flat_map(parse).find(|(_, relation)| relation.split(' ').any(|word| word == "next"))
    else {
        return Ok(None);
    };
    let url = here.join(target.0).map_err(|error| refuse(&format!("is no address: {error}")))?;
    if url.origin() != here.origin() || !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(&format!("leads to another host, {}", url.host_str().unwrap_or("none"))));
    }
    Ok(Some(url))
}

fn refuse(what: &str) -> Failure {
    Failure::new(Reason::Decode, format!("the link to the next page {what}"))
}

/// Target and `rel` of each link. Commas and semicolons inside `<…>` belong to the target.
fn parse(header: &str) -> Vec<(&str, &str)> {
    let mut links = Vec::new();
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((target, after)) = after.split_once('>') else { break };
        let parameters = after.split_once('<').map_or(after, |(parameters, _)| parameters);
        rest = &after[parameters.len()..];
        links.push((target, relation(parameters)));
    }
    links
}

fn relation(parameters: &str) -> &str {
    parameters
        .split([';', ','])
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("rel"))
        .map_or("", |(_, value)| value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    fn ask(header: &str) -> Result<Option<Url>, Failure> {
        let here = Url::parse("https://api.github.com/orgs/octo/teams?per_page=100").unwrap();
        let headers = HeaderMap::from_iter([(LINK, header.parse().unwrap())]);
        next(&headers, &here)
    }

    #[test]
    fn the_next_page_is_found_wherever_it_stands_in_the_header() {
        let cases = [
            (
                r#"<https://api.github.com/organizations/42/team?page=2>; rel="next", <https://api.github.com/x?page=5>; rel="last""#,
                Some("https://api.github.com/organizations/42/team?page=2"),
            ),
            (
                r#"<https://api.github.com/x?page=1>; rel="prev", <https://api.github.com/x?a=1,2;3&page=3>; rel="next""#,
                Some("https://api.github.com/x?a=1,2;3&page=3"),
            ),
            (
                r#"</organizations/42/team?after=Y3Vyc29y>; title="more"; rel=next"#,
                Some("https://api.github.com/organizations/42/team?after=Y3Vyc29y"),
            ),
            (
                r#"<https://api.github.com/x?page=1>; rel="first", <https://api.github.com/x?page=4>; rel="prev""#,
                None,
            ),
            ("", None),
            ("<", None),
            ("<>;rel", None),
        ];
        for (header, expected) in cases {
            let found = ask(header).unwrap();
            assert_eq!(found.as_ref().map(Url::as_str), expected, "{header}");
        }
    }

    #[test]
    fn a_next_page_on_another_host_scheme_or_port_is_refused() {
        for address in [
            "https://evil.example/orgs/octo/teams?page=2",
            "http://api.github.com/orgs/octo/teams?page=2",
            "https://api.github.com:8443/orgs/octo/teams?page=2",
            "https://user@api.github.com/orgs/octo/teams?page=2",
            "//evil.example/x",
        ] {
            let failure = ask(&format!("<{address}>; rel=\"next\"")).unwrap_err();
            assert_eq!(failure.reason, Reason::Decode, "{address}");
        }
    }

    /// Any bytes, with the marks of links among them.
    fn header() -> impl Strategy<Value = Vec<u8>> {
        let marks = [
            "<",
            ">",
            "; rel=\"next\"",
            ";REL=next",
            ", ",
            "https://",
            "api.github.com",
            "//evil.example",
            "user@",
            ":8443",
            "\\",
            "/../",
            "?page=2",
        ];
        let mark = prop::sample::select(marks.to_vec()).prop_map(|mark| mark.as_bytes().to_vec());
        let any = prop::collection::vec(any::<u8>(), 1..4);
        prop::collection::vec(prop_oneof![3 => mark, 1 => any], 0..16).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_headers_make_it_panic_or_leave_the_host(headers in prop::collection::vec(header(), 0..3)) {
            let here = Url::parse("https://api.github.com/orgs/octo/teams?per_page=100").unwrap();
            // A client takes no others.
            let values = headers.iter().filter_map(|bytes| HeaderValue::from_bytes(bytes).ok());
            let headers = values.map(|value| (LINK, value)).collect();
            if let Ok(Some(url)) = next(&headers, &here) {
                prop_assert_eq!(url.origin(), here.origin());
                prop_assert!(url.username().is_empty() && url.password().is_none());
            }
        }
    }
}
