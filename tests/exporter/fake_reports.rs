//! A GitHub whose one organisation is a table: who was active and who was in which team, day by day. The table can be
//! changed while it is asked, and any answer can be replaced.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use url::Position;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use crate::{
    people_truth::Series,
    support::{Exporter, ManualClock, Patience, Scrape},
};

const REPORTS: &str = "/orgs/octo/copilot/metrics/reports";

/// Every active person has so many completions a day.
pub const EACH: usize = 3;

/// The families that the table decides.
const FAMILIES: [&str; 6] = [
    "suggestions",
    "total_suggestions",
    "daily_active_users",
    "weekly_active_users",
    "monthly_active_users",
    "team_seated_users",
];

/// One day: who was active, and the teams by id with slug and members.
#[derive(Clone, Debug, Default)]
pub struct Day {
    pub active: BTreeSet<u64>,
    pub teams: BTreeMap<u64, (String, BTreeSet<u64>)>,
}

/// What is answered to a question instead of the truth.
pub type Instead = Box<dyn Fn(&str) -> Option<ResponseTemplate> + Send>;

pub struct Table {
    pub days: BTreeMap<NaiveDate, Day>,
    /// The last day of the reports of 28 days.
    pub ends: NaiveDate,
    pub instead: Instead,
    /// What was asked for, without files.
    pub asked: Vec<String>,
}

impl Table {
    /// The days of a month up to `ends` that have anything.
    fn month(&self, ends: NaiveDate, length: u64) -> impl Iterator<Item = (&NaiveDate, &Day)> {
        self.days.range(ends - Days::new(length - 1)..=ends)
    }

    /// All of these days, the last of which is the newest.
    pub fn of(days: BTreeMap<NaiveDate, Day>) -> Self {
        let ends = *days.last_key_value().unwrap().0;
        Self { days, ends, instead: Box::new(|_| None), asked: Vec::new() }
    }

    fn users(&self, day: NaiveDate) -> Vec<Value> {
        let record = |user: &u64| {
            let counts = json!({
                "code_generation_activity_count": EACH, "code_acceptance_activity_count": 1,
                "loc_suggested_to_add_sum": 5, "loc_added_sum": 2, "user_initiated_interaction_count": 0,
            });
            let with = |key: &str, value: &str| {
                let mut element = counts.clone();
                element[key] = json!(value);
                element
            };
            let mut language = with("language", "go");
            language["feature"] = json!("code_completion");
            json!({
                "day": day, "user_id": user, "totals_by_ide": [with("ide", "vim")],
                "totals_by_feature": [with("feature", "code_completion")],
                "totals_by_language_feature": [language],
            })
        };
        self.days.get(&day).into_iter().flat_map(|day| day.active.iter().map(record)).collect()
    }

    fn entity(&self, day: NaiveDate) -> Option<Value> {
        let people =
            |length| self.month(day, length).flat_map(|(_, day)| &day.active).collect::<BTreeSet<_>>();
        let today = self.days.get(&day)?.active.len();
        let completions = json!({
            "feature": "code_completion", "code_generation_activity_count": EACH * today,
            "code_acceptance_activity_count": today, "loc_suggested_to_add_sum": 5 * today,
            "loc_added_sum": 2 * today, "user_initiated_interaction_count": 0,
        });
        Some(json!({
            "day": day, "daily_active_users": today, "weekly_active_users": people(7).len(),
            "monthly_active_users": people(28).len(), "totals_by_feature": [completions],
        }))
    }

    /// The records of a report; nothing where it has none.
    fn records(&self, report: &str) -> Option<Vec<Value>> {
        let (name, day) = report.split_once("?day=").unwrap_or((report, ""));
        let day = day.parse().unwrap_or(self.ends);
        let days = || self.month(self.ends, 28).map(|(day, _)| *day);
        if name.starts_with("/organization-28-day") {
            let totals: Vec<_> = days().filter_map(|day| self.entity(day)).collect();
            return Some(vec![json!({"day_totals": totals})]);
        }
        if name.starts_with("/users-28-day") {
            return Some(days().flat_map(|day| self.users(day)).collect());
        }
        let Day { teams, .. } = self.days.get(&day)?;
        Some(match name {
            "/organization-1-day" => vec![self.entity(day)?],
            "/users-1-day" => self.users(day),
            _ => teams
                .iter()
                .flat_map(|(id, (slug, members))| {
                    let row = move |user| json!({"day": day, "user_id": user, "team_id": id, "slug": slug});
                    members.iter().map(row)
                })
                .collect(),
        })
    }

    fn answer(&mut self, target: &str, base: &str) -> ResponseTemplate {
        let report = target.strip_prefix(REPORTS);
        self.asked.extend(report.map(str::to_owned));
        let target = report.unwrap_or(target);
        if let Some(answer) = (self.instead)(target) {
            return answer;
        }
        if let Some(file) = target.strip_prefix("/files") {
            let report = file.split('?').next().unwrap_or_default().replace("--", "?day=");
            let records = self.records(&report).unwrap_or_default();
            return ResponseTemplate::new(200)
                .set_body_string(records.iter().map(|record| format!("{record}\n")).collect::<String>());
        }
        if self.records(target).is_none() {
            return ResponseTemplate::new(204);
        }
        let link = format!("{base}/files{}?sig=SECRET", target.replace("?day=", "--"));
        let mut envelope = json!({"download_links": [link]});
        if target.ends_with("/latest") {
            envelope["report_start_day"] = json!(self.ends - Days::new(27));
            envelope["report_end_day"] = json!(self.ends);
        }
        ResponseTemplate::new(200).set_body_json(envelope)
    }

    /// What is shown of the organisation and its teams while all of the table is known: the teams of the last month by
    /// their newest names, an older team that had the name of a newer one left out.
    pub fn expected(&self) -> Series {
        let mut series = Series::new();
        let newest = *self.days.last_key_value().unwrap().0;
        let month: BTreeMap<_, _> = self.month(newest, 28).collect();
        let mut put = |family: &str, team: &str, more: &str, number: usize| {
            let name = format!(r#"github_copilot_{family}{{enterprise="",org="octo",team="{team}"{more}}}"#);
            assert_eq!(series.insert(name, number as f64), None, "{family} {team} {more}");
        };
        let (mut seen, mut named) = (BTreeSet::new(), BTreeMap::new());
        for (id, (slug, _)) in month.values().rev().flat_map(|day| &day.teams) {
            if seen.insert(*id) && !named.values().any(|name| name == slug) {
                named.insert(*id, slug.clone());
            }
        }
        let everybody = |_: &Day| Some((0..1000).collect());
        show(&self.days, &month, "", everybody, &mut put);
        for (id, slug) in &named {
            let members = |day: &Day| day.teams.get(id).map(|(_, members)| members.clone());
            show(&self.days, &month, slug, members, &mut put);
        }
        series
    }
}

/// The series of one scope, whose members on a day are these.
fn show(
    days: &BTreeMap<NaiveDate, Day>,
    month: &BTreeMap<&NaiveDate, &Day>,
    slug: &str,
    members: impl Fn(&Day) -> Option<BTreeSet<u64>>,
    put: &mut impl FnMut(&str, &str, &str, usize),
) {
    let newest = **month.last_key_value().unwrap().0;
    let active = |day: NaiveDate| -> Option<BTreeSet<u64>> {
        let day = days.get(&day)?;
        members(day).map(|members| members.intersection(&day.active).copied().collect())
    };
    for day in month.keys() {
        if let Some(active) = active(**day) {
            put("daily_active_users", slug, &format!(r#",day="{day}""#), active.len());
        }
    }
    let before = (!slug.is_empty()).then(|| newest - Days::new(1));
    let Some(shown) = [Some(newest), before].into_iter().flatten().find(|day| active(*day).is_some()) else {
        return;
    };
    let people = |length: u64| {
        let days = (0..length).filter_map(|back| active(shown - Days::new(back))).flatten();
        days.collect::<BTreeSet<_>>().len()
    };
    let today = active(shown).map_or(0, |active| active.len());
    put("total_suggestions", slug, "", EACH * today);
    if today > 0 {
        put("suggestions", slug, r#",language="go",editor="vim""#, EACH * today);
    }
    put("weekly_active_users", slug, "", people(7));
    put("monthly_active_users", slug, "", people(28));
    if !slug.is_empty() {
        put("team_seated_users", slug, "", members(&days[&shown]).map_or(0, |members| members.len()));
    }
}

struct Responder(Arc<Mutex<Table>>, String);

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        self.0.lock().unwrap().answer(&request.url[Position::BeforePath..], &self.1)
    }
}

/// The GitHub of such a table, and an exporter of its organisation.
pub struct Flow {
    table: Arc<Mutex<Table>>,
    pub exporter: Exporter,
    /// How many sources are asked.
    sources: usize,
    _server: MockServer,
}

impl Flow {
    /// Begins at noon of `today`, with more variables.
    pub async fn start(table: Table, today: NaiveDate, more: &[(&str, &str)]) -> Self {
        let server = MockServer::start().await;
        let table = Arc::new(Mutex::new(table));
        let responder = Responder(Arc::clone(&table), server.uri());
        Mock::given(any()).respond_with(responder).mount(&server).await;
        let own = [("GITHUB_TOKEN", "ghp_t"), ("GITHUB_ORGS", "octo"), ("GITHUB_COPILOT_API", "reports")];
        let clock = ManualClock::starting(&format!("{today}T12:00:00Z"));
        let sources = if more.iter().any(|(name, _)| *name == "EXPORTER_SOURCES") { 1 } else { 2 };
        let exporter = Exporter::start(&server.uri(), &clock, &[&own, more].concat()).await;
        Self { table, exporter, sources, _server: server }
    }

    pub fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap()
    }

    pub fn instead(&self, instead: impl Fn(&str) -> Option<ResponseTemplate> + Send + 'static) {
        self.table().instead = Box::new(instead);
    }

    pub fn heal(&self) {
        self.instead(|_| None);
    }

    /// What was asked for since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.table().asked)
    }

    /// The first attempt.
    pub async fn first(&self) -> Scrape {
        let tried = |scrape: &Scrape| scrape.of("github_copilot_exporter_source_up", &[]).count();
        self.exporter.until_by(0, "a first attempt", |scrape| tried(scrape) == self.sources).await
    }

    /// The next attempt, so many seconds later: what was asked for in it, and what is shown then. One that fails has been
    /// repeated until it is shown.
    pub async fn pass(&self, seconds: i64) -> (Vec<String>, Scrape) {
        self.exporter.until_rest().await;
        self.asked();
        self.exporter.clock.advance(seconds);
        let scrape = self.exporter.until_rest().await;
        (self.asked(), scrape)
    }

    /// Waits until everything in the table is shown, and nothing else of its families.
    pub async fn until_whole(&self, what: &str) -> Scrape {
        let expected = self.table().expected();
        let patience = Patience::new();
        loop {
            let scrape = self.exporter.scrape().await;
            let wrong = crate::people::differences(&expected, &shown(&scrape));
            if wrong.is_empty() {
                return scrape;
            }
            patience.check(&format!("{what}: {wrong:#?}"));
            self.exporter.clock.pass(1);
        }
    }
}

/// What is shown of the families that the table decides.
pub fn shown(scrape: &Scrape) -> Series {
    let of_table = |series: &str| {
        let name = series.split('{').next().unwrap_or_default();
        name.strip_prefix("github_copilot_").is_some_and(|name| FAMILIES.contains(&name))
    };
    scrape.samples.iter().filter(|(series, _)| of_table(series)).map(|(s, n)| (s.clone(), *n)).collect()
}

pub fn state(scrape: &Scrape, of: &str, source: &str) -> f64 {
    scrape.sum(&format!("github_copilot_exporter_source_{of}"), &[&format!(r#"source="{source}""#)])
}

/// Failures so far, by source and word.
pub fn failures(scrape: &Scrape, source: &str, word: &str) -> f64 {
    let labels = [&*format!(r#"source="{source}""#), &*format!(r#"reason="{word}""#)];
    scrape.sum("github_copilot_exporter_source_failures_total", &labels)
}
