//! What is kept across restarts: read and served, or refused; and what was read is written as it was read.
//!
//! An input that is no gzip is compressed first: else hardly any would get as far as the lines.
#![no_main]

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use github_copilot_exporter::{
    config::Installed,
    model::State,
    refresh::saved::{Fit, read, write},
    source::Source,
};
use github_copilot_exporter_fuzz::{all_teams, empty, show};
use libfuzzer_sys::fuzz_target;
use url::Url;

fn fit() -> Fit {
    let github = Url::parse("https://api.github.com").expect("an address");
    Fit { github, api: None, teams: all_teams(), installed: Installed::All, sources: Source::ALL.into() }
}

fn restored(file: &[u8]) -> Option<State> {
    let mut state = empty();
    read(file, &fit(), &mut state).ok().map(|_| state)
}

fuzz_target!(|data: &[u8]| {
    let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
    let file = if data.starts_with(&[0x1f, 0x8b]) {
        data.to_vec()
    } else {
        zipped.write_all(data).and_then(|()| zipped.finish()).expect("memory takes everything")
    };
    let Some(state) = restored(&file) else { return };
    show(&state);
    let mut again = Vec::new();
    write(&state, &fit().github, &mut again).expect("memory takes everything");
    let again = restored(&again).expect("it reads what it has written");
    assert_eq!(format!("{:?}", again.owners), format!("{:?}", state.owners));
});
