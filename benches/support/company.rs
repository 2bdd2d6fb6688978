//! What the simulated GitHub has of one day of one organisation: what reading is measured with, here and in
//! `tests/budgets.rs`.

use github_copilot_exporter::{
    github::reports::Fold,
    model::memberships::TeamList,
    simulator::{Options, Simulator},
};
use reqwest::Client;
use serde_json::Value;

/// The day of which reports are read.
pub const DAY: &str = "2026-11-17";

/// The files of two reports.
pub struct Company {
    pub people: Vec<u8>,
    teams: Vec<u8>,
}

impl Company {
    /// Two thousand people in twenty teams, of whom three in four did something.
    pub fn fetch() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let now = Some("2026-11-20T12:00:00Z".parse().expect("a moment"));
            let options = Options { users: 2000, teams: 20, orgs: 1, shards: 1, now, ..Options::default() };
            let simulator = Simulator::start(options).await.expect("a free port");
            let announcement = simulator.announcement();
            // GitHub answers nobody who does not say who asks.
            let http = Client::builder().user_agent("bench").build().expect("a client");
            let fetch = async |report: &str| {
                let (api, org) = (&announcement.api, &announcement.orgs[0]);
                let url = format!("{api}/orgs/{org}/copilot/metrics/reports/{report}?day={DAY}");
                let answer = http.get(url).bearer_auth(&announcement.token).send().await.expect("an answer");
                let answer: Value = answer.json().await.expect("it is JSON");
                let link = answer["download_links"][0].as_str().expect("a link");
                let file = http.get(link).send().await.expect("a file");
                file.bytes().await.expect("all of it").to_vec()
            };
            let company = Self { people: fetch("users-1-day").await, teams: fetch("user-teams-1-day").await };
            simulator.stop().await;
            company
        })
    }

    /// The rows about people.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        lines(&self.people)
    }

    /// How many people in teams there are.
    #[allow(dead_code, reason = "only a benchmark asks")]
    pub fn members(&self) -> usize {
        lines(&self.teams).count()
    }

    /// Who is in which team.
    pub fn teams(&self) -> TeamList {
        let mut list = TeamList::of(DAY.parse().expect("a day"));
        for line in lines(&self.teams) {
            list.row(serde_json::from_slice(line).expect("a row")).expect("of the day");
        }
        list
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}
