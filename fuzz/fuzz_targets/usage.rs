//! An answer of the usage API, from its bytes to what is served.
#![no_main]

use github_copilot_exporter::{
    github::usage::UsageDay,
    model::{Records, Update},
    owner::Team,
};
use github_copilot_exporter_fuzz::{empty, noon, octo, show};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(days) = serde_json::from_slice::<Vec<UsageDay>>(data) else { return };
    let mut state = empty();
    state.apply(Update::Teams { owner: octo(), teams: vec![Team { id: 1, slug: "red".to_owned() }] });
    for team in [None, Some(1)] {
        let days = Some(Records::Usage(days.clone()));
        state.apply(Update::Days { owner: octo(), team, days, at: noon() });
    }
    show(&state);
});
