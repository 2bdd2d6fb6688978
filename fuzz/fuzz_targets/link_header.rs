//! The `Link` header: whatever it says, the token stays where it is.
//!
//! Each line of the input is one header.
#![no_main]

use github_copilot_exporter::github::paging::next;
use http::{HeaderMap, HeaderValue, header::LINK};
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(8) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(LINK, value);
        }
    }
    let here = Url::parse("https://api.github.com/orgs/octo/teams?per_page=100").expect("an address");
    if let Ok(Some(url)) = next(&headers, &here) {
        assert_eq!(url.origin(), here.origin());
        assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    }
});
