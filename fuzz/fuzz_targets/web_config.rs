//! The web configuration file: understood, or refused without a word of what is in it.
#![no_main]

use std::path::Path;

use github_copilot_exporter::server::web_config::WebConfig;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // A key is named, and could be called that.
    if text.contains("must be YAML") {
        return;
    }
    let Err(problems) = WebConfig::parse(text, Path::new("/etc/web")) else { return };
    assert!(!problems.is_empty(), "it says what is wrong");
    for problem in problems {
        let Some(rest) = problem.strip_prefix("must be YAML") else { continue };
        let place = rest.strip_prefix(" without a key that comes twice: it is not").expect("the same words");
        let is_place = |c: char| c.is_ascii_digit() || " at line , column ".contains(c);
        assert!(place.chars().all(is_place), "{problem}");
    }
});
