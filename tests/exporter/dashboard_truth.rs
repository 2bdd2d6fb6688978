//! What every panel must show, worked out by hand, panel by panel, from what the simulated people did.
//!
//! The figures are those of the naive truths, never the exporter's. What a panel promises by its title and headings is put
//! together anew, never read out of its queries; `dashboard_live` compares it with what a real Prometheus makes of those.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    sync::OnceLock,
};

use chrono::{NaiveDate, NaiveTime};
use github_copilot_exporter::simulator::{Kind, Plan, World};

use crate::{
    billing_series_truth::billing,
    company::{self, noon},
    dashboard::{Choice, Dashboard, Panel, Target, all},
    people::newest,
    people_truth::{Series, Truth, owners},
    seat_series_truth::seats,
};

pub type Labels = BTreeMap<String, String>;
pub type Rows = BTreeMap<Labels, f64>;

/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// Seconds that a scene takes at most.
const SCENE: f64 = 600.0;

/// What a query must give.
#[derive(Clone, Debug)]
pub enum Expected {
    /// These rows and no others.
    Rows(Rows),
    /// The same, but each number may be so much greater: what goes on while it is asked.
    UpTo(Rows, f64),
    /// These rows with what only the machine knows: the numbers that this family has. Those of several series become one.
    Served(Rows, &'static str, fn(f64, f64) -> f64),
    /// Those rows of this family by these labels in which something goes on, which is a number in this range.
    Growing(&'static str, &'static [&'static str], RangeInclusive<f64>),
}

use Expected::{Growing, Served, UpTo};

impl Expected {
    pub fn rows(self) -> Rows {
        match self {
            Self::Rows(rows) => rows,
            other => panic!("{other:?} cannot be calculated with"),
        }
    }

    fn map(self, number: impl Fn(f64) -> f64) -> Self {
        Self::Rows(self.rows().into_iter().map(|(labels, value)| (labels, number(value))).collect())
    }

    fn times(self, factor: f64) -> Self {
        self.map(|number| number * factor)
    }

    /// The share of another figure, where there is any of it.
    fn out_of(self, whole: Self) -> Self {
        let whole = whole.rows();
        let parts = self.rows().into_iter();
        let share = |(labels, part)| {
            let whole = whole.get(&labels).filter(|whole| **whole > 0.0)?;
            Some((labels, part / whole))
        };
        Self::Rows(parts.filter_map(share).collect())
    }

    /// The ten greatest of all.
    fn ten_most(self) -> Self {
        let mut rows: Vec<_> = self.rows().into_iter().filter(|(_, number)| *number > 0.0).collect();
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        assert!(rows.len() <= 10 || rows[9].1 > rows[10].1, "nobody knows which is the tenth: {rows:?}");
        Self::Rows(rows.into_iter().take(10).collect())
    }

    /// Together with another figure, where there are both.
    fn plus(self, other: Self) -> Self {
        let other = other.rows();
        let sum = |(labels, number): (Labels, f64)| Some((labels.clone(), number + other.get(&labels)?));
        Self::Rows(self.rows().into_iter().filter_map(sum).collect())
    }

    /// What is left of it without another figure.
    fn less(self, other: Self) -> Self {
        self.plus(other.times(-1.0))
    }
}

/// A figure, as the people make it.
#[derive(Debug)]
struct Figure {
    /// Without `github_copilot_`.
    family: String,
    labels: Labels,
    number: f64,
}

/// Everything that is to be known of the default company, as one of GitHub's interfaces tells it.
#[derive(Debug)]
pub struct Facts {
    figures: Vec<Figure>,
    api: &'static str,
    /// The newest day of every owner.
    pub day: NaiveDate,
    /// How many teams of an owner have figures of the newest day, and how many are asked about and have none.
    teams: BTreeMap<String, [usize; 2]>,
}

pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    let start = noon().date_naive();
    WORLD.get_or_init(|| World::new(&Plan { orgs: 2, teams: 12, users: 180, seed: 1, start }))
}

impl Facts {
    pub fn by_reports() -> &'static Self {
        static FACTS: OnceLock<Facts> = OnceLock::new();
        FACTS.get_or_init(|| {
            let day = newest(noon());
            Self::new("reports", day, Truth::new(world(), day).everything())
        })
    }

    pub fn by_usage() -> &'static Self {
        static FACTS: OnceLock<Facts> = OnceLock::new();
        FACTS.get_or_init(|| Self::new("usage", company::days()[27], company::everything(world())))
    }

    fn new(api: &'static str, day: NaiveDate, mut series: Series) -> Self {
        for entity in owners(world()) {
            series.extend(seats(world(), entity, noon()));
            series.extend(billing(world(), entity, noon()));
        }
        let figures = series.iter().map(|(series, number)| figure(series, *number)).collect();
        let mut facts = Self { figures, api, day, teams: BTreeMap::new() };
        facts.teams = owners(world())
            .map(|entity| (entity.login.clone(), facts.count_teams(&entity.login, entity.teams.len())))
            .collect();
        facts
    }

    /// By reports a team is known once it is listed; the usage API is asked about every team there is.
    fn count_teams(&self, owner: &str, all: usize) -> [usize; 2] {
        let of = |figure: &&Figure| figure.labels.values().any(|value| value == owner);
        let teams = |figures: Vec<&Figure>| -> BTreeSet<_> {
            figures.into_iter().filter_map(|figure| figure.labels.get("team")).cloned().collect()
        };
        let known = teams(self.figures.iter().filter(of).collect());
        let is_newest = |figure: &&Figure| {
            figure.family == "day_timestamp_seconds" && figure.number == start_of(self.day)
        };
        let ok = teams(self.figures.iter().filter(of).filter(is_newest).collect()).len();
        [ok, if self.api == "reports" { known.len() - ok } else { all - ok }]
    }

    fn tell_of_team(&self, slug: &str) -> bool {
        self.figures.iter().any(|figure| figure.labels.get("team").is_some_and(|team| team == slug))
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.figures.len()
    }

    /// How many of each family.
    pub fn families(&self) -> BTreeMap<String, usize> {
        let mut families = BTreeMap::new();
        for figure in &self.figures {
            *families.entry(format!("github_copilot_{}", figure.family)).or_default() += 1;
        }
        families
    }
}

/// A team of an owner of which nothing is ever told, because it is too small.
pub fn withheld(facts: &Facts, owner: &str) -> &'static str {
    team(owner, |slug| !facts.tell_of_team(slug))
}

/// A team of an owner of which something is told.
pub fn listed(facts: &Facts, owner: &str) -> &'static str {
    team(owner, |slug| facts.tell_of_team(slug))
}

fn team(owner: &str, is_wanted: impl Fn(&str) -> bool) -> &'static str {
    let entity = owners(world()).find(|entity| entity.login == owner).unwrap();
    &entity.teams.iter().find(|team| is_wanted(&team.slug)).unwrap().slug
}

/// A series as it is written, taken apart. Empty labels are none.
fn figure(series: &str, number: f64) -> Figure {
    let (name, labels) = series.strip_suffix('}').unwrap().split_once('{').unwrap();
    let pairs = labels.strip_suffix('"').unwrap().split("\",").map(|pair| pair.split_once("=\"").unwrap());
    let labels = pairs.filter(|(_, value)| !value.is_empty());
    Figure {
        family: name.strip_prefix("github_copilot_").unwrap().to_owned(),
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        number,
    }
}

/// Whether a row says all that another one says.
pub fn is_in(labels: &Labels, more: &Labels) -> bool {
    labels.iter().all(|(name, value)| more.get(name) == Some(value))
}

fn start_of(day: NaiveDate) -> f64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp() as f64
}

fn labels<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// What is chosen in the variables.
#[derive(Clone, Debug)]
pub struct Picked {
    /// The kind of owners: `org` or `enterprise`.
    pub by: &'static str,
    /// All of them, if none.
    pub owners: Vec<&'static str>,
    /// Of the variables `team`, `language`, `editor` and `model`, those in which something is chosen.
    pub values: BTreeMap<&'static str, &'static str>,
    /// Of a seat, as it is entered.
    pub price: &'static str,
}

impl Picked {
    /// Everything of owners of one kind.
    pub fn all(by: &'static str, price: &'static str) -> Self {
        Self { by, owners: Vec::new(), values: BTreeMap::new(), price }
    }

    pub fn with(mut self, variable: &'static str, value: &'static str) -> Self {
        self.values.insert(variable, value);
        self
    }

    pub fn of(mut self, owners: &[&'static str]) -> Self {
        self.owners = owners.to_vec();
        self
    }

    /// As Grafana writes it into queries. Several owners are written as in a regular expression.
    pub fn choice(&self) -> Choice {
        let mut choice = Choice::all_of(self.by).with("price", self.price);
        let owners: Vec<String> = self.owners.iter().map(|owner| escaped(owner)).collect();
        match &owners[..] {
            [] => {}
            [only] => choice = choice.with("owner", only),
            several => choice = choice.with("owner", &format!("({})", several.join("|"))),
        }
        self.values.iter().fold(choice, |choice, (variable, value)| choice.with(variable, &escaped(value)))
    }
}

/// A value in a regular expression in quotes, as Grafana writes those of variables of which several may be chosen.
fn escaped(value: &str) -> String {
    let escaped = |c: char| if r"$^*{}[]'+?.()|".contains(c) { format!(r"\\{c}") } else { c.into() };
    value.chars().map(escaped).collect()
}

/// What runs, beside what the people do.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// The exporters by their instances, and how often each was restarted.
    pub instances: BTreeMap<String, u32>,
    pub failing: Option<Failing>,
    /// Since when everything is told, whatever was restarted; else only the end of a range is looked at.
    pub since: Option<f64>,
}

/// One of the exporters cannot read the seats of an owner.
#[derive(Clone, Copy, Debug)]
pub struct Failing {
    pub instance: &'static str,
    pub owner: &'static str,
    pub reason: &'static str,
}

impl Failing {
    /// How many series it lacks: all about people with a seat. GitHub's own count of seats is another answer.
    pub fn missing(&self, facts: &Facts) -> usize {
        let of_seats = |figure: &&Figure| figure.family.ends_with("_seats");
        let of_owner = |figure: &&Figure| figure.labels.values().any(|value| value == self.owner);
        facts.figures.iter().filter(of_seats).filter(of_owner).count()
    }
}

/// What is told of the people, as somebody looks at it.
#[derive(Clone, Debug)]
pub struct Told {
    facts: &'static Facts,
    picked: Picked,
    deployment: Deployment,
    /// When they look, in seconds.
    at: f64,
    /// What labels must have, beside what is chosen of owners and teams.
    only: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Told {
    pub fn new(facts: &'static Facts, picked: Picked, deployment: &Deployment, at: f64) -> Self {
        Self { facts, picked, deployment: deployment.clone(), at, only: BTreeMap::new() }
    }

    pub fn at(&self) -> f64 {
        self.at
    }

    pub fn since(&self) -> f64 {
        self.deployment.since.unwrap_or(self.at)
    }

    pub fn picked(&self) -> &Picked {
        &self.picked
    }

    /// Of figures with this label those with one of these values.
    fn only(&self, label: &'static str, values: &[&'static str]) -> Self {
        let mut only = self.only.clone();
        only.insert(label, values.to_vec());
        Self { only, ..self.clone() }
    }

    /// Heeds what is chosen in these variables.
    fn chosen(&self, variables: &[&'static str]) -> Self {
        let values = variables.iter().filter_map(|variable| self.picked.values.get_key_value(variable));
        values.fold(self.clone(), |told, (variable, value)| told.only(variable, &[value]))
    }

    /// The names of all owners of the chosen kind, chosen or not.
    pub fn all_owners(&self) -> BTreeSet<String> {
        let kind = if self.picked.by == "org" { Kind::Organisation } else { Kind::Enterprise };
        owners(world()).filter(|entity| entity.kind == kind).map(|entity| entity.login.clone()).collect()
    }

    /// The values of a label in a family: of teams, if it is their name, else of owners.
    pub fn names(&self, family: &str, label: &str) -> BTreeSet<String> {
        let meant = |figure: &&Figure| figure.family == family && self.is_meant(figure, label == "team");
        self.facts
            .figures
            .iter()
            .filter(meant)
            .filter_map(|figure| figure.labels.get(label).cloned())
            .collect()
    }

    fn is_meant(&self, figure: &Figure, of_teams: bool) -> bool {
        let owner = figure.labels.get(self.picked.by).map(String::as_str);
        let is_chosen = |owner: &str| self.picked.owners.is_empty() || self.picked.owners.contains(&owner);
        let team = figure.labels.get("team").map(String::as_str);
        let is_only = |(label, values): (&&str, &Vec<&str>)| {
            figure.labels.get(*label).is_some_and(|value| values.contains(&value.as_str()))
        };
        owner.is_some_and(is_chosen) && team.is_some() == of_teams && self.only.iter().all(is_only)
    }

    /// A figure of owners by these labels, of teams if `team` is one of them. Other labels are added up.
    fn of(&self, family: &str, labels: &[&str]) -> Expected {
        let mut rows = Rows::new();
        let of_teams = labels.contains(&"team");
        let meant = |figure: &&Figure| figure.family == family && self.is_meant(figure, of_teams);
        for figure in self.facts.figures.iter().filter(meant) {
            let shown = |name: &str| name == self.picked.by || labels.contains(&name);
            let row = figure.labels.iter().filter(|(name, _)| shown(name));
            let row = row.map(|(name, value)| (name.clone(), value.clone())).collect();
            *rows.entry(row).or_default() += figure.number;
        }
        Expected::Rows(rows)
    }

    /// A figure of owners as a whole.
    fn whole(&self, family: &str) -> Expected {
        self.of(family, &[])
    }

    fn team(&self, family: &str) -> Expected {
        self.chosen(&["team"]).of(family, &["team"])
    }

    /// The same with the owner's name under a label that does not depend on its kind.
    fn named(&self, rows: Expected) -> Expected {
        let named = |(mut labels, number): (Labels, f64)| {
            labels.insert("owner".into(), labels[self.picked.by].clone());
            (labels, number)
        };
        Expected::Rows(rows.rows().into_iter().map(named).collect())
    }

    /// The same with the owner and the team in one label.
    fn of_team(&self, rows: Expected) -> Expected {
        let named = |(mut labels, number): (Labels, f64)| {
            labels.insert("of".into(), format!("{}/{}", labels[self.picked.by], labels["team"]));
            (labels, number)
        };
        Expected::Rows(rows.rows().into_iter().map(named).collect())
    }

    /// A row for each owner that is chosen, of which nothing else is said.
    fn each_owner(&self, number: f64) -> Expected {
        self.whole("day_timestamp_seconds").map(|_| number)
    }

    /// A row for each owner and source.
    fn each_source(&self, number: impl Fn(&str, &str) -> f64) -> Expected {
        let owners = self.each_owner(0.0).rows().into_keys();
        let of = |owner: Labels| {
            ["activity", "teams", "seats", "billing"].map(|source| {
                let number = number(&owner[self.picked.by], source);
                (owner.clone().into_iter().chain(labels([("source", source)])).collect(), number)
            })
        };
        Expected::Rows(owners.flat_map(of).collect())
    }

    /// A row for each exporter.
    fn each_instance(&self, number: impl Fn(&str) -> f64) -> Expected {
        let instances = self.deployment.instances.keys();
        Expected::Rows(instances.map(|name| (labels([("instance", name)]), number(name))).collect())
    }

    /// A row for each credential: every exporter has one token.
    fn each_token(&self, number: f64) -> Expected {
        let row = |(mut labels, number): (Labels, f64)| {
            labels.insert("credential".into(), "token".into());
            (labels, number)
        };
        Expected::Rows(self.each_instance(|_| number).rows().into_iter().map(row).collect())
    }

    /// A row for each exporter, as Prometheus itself names it.
    fn each_job(&self, number: impl Fn(&str) -> f64) -> Expected {
        let row = |(row, number): (Labels, f64)| {
            (row.into_iter().chain(labels([("job", "copilot")])).collect(), number)
        };
        Expected::Rows(self.each_instance(number).rows().into_iter().map(row).collect())
    }

    /// A family of the exporters, or of the one who scrapes them, as it is.
    fn each_series(&self, family: &'static str) -> Expected {
        let row = |(row, number): (Labels, f64)| {
            (row.into_iter().chain(labels([("__name__", family)])).collect(), number)
        };
        Served(self.each_job(|_| 0.0).rows().into_iter().map(row).collect(), family, f64::max)
    }

    /// Whether this is what fails.
    fn fails(&self, owner: &str, source: &str) -> bool {
        source == "seats" && self.deployment.failing.is_some_and(|failing| failing.owner == owner)
    }

    /// A number as of the beginning of the scene.
    fn since_noon(&self) -> f64 {
        self.at - noon().timestamp() as f64
    }
}

/// What a query of a panel must give.
type Answer = fn(&Told) -> Expected;

/// The answers of each panel, by its title: what its queries are called, and what they must give.
type Answers = &'static [(&'static str, &'static [(&'static str, Answer)])];

/// The answers of a dashboard.
pub fn answers(file: &str) -> Answers {
    match file {
        "overview" => OVERVIEW,
        "breakdown" => BREAKDOWN,
        "seats-and-cost" => SEATS_AND_COST,
        "exporter-health" => HEALTH,
        _ => &[],
    }
}

/// What a query of a panel must give, if anybody has said so: by what people read above it, not by its letter.
pub fn expected(told: &Told, file: &str, panel: &Panel, target: &Target) -> Option<Expected> {
    let (_, answers) = answers(file).iter().find(|(title, _)| *title == panel.title)?;
    let (_, answer) = answers.iter().find(|(heading, _)| *heading == panel.heading(target))?;
    Some(answer(told))
}

// What several panels show.

fn seats_in_use(told: &Told) -> Expected {
    told.whole("recently_active_seats").out_of(in_the_list(told))
}

/// Everybody in the list of seats, which is another answer than GitHub's own count.
fn in_the_list(told: &Told) -> Expected {
    told.whole("recently_active_seats").plus(idle_seats(told)).plus(told.whole("new_seats"))
}

/// Those who have not used their seat for more than 28 days.
fn idle(told: &Told) -> Told {
    told.only("idle", &["28d_90d", "none_90d"])
}

fn idle_seats(told: &Told) -> Expected {
    idle(told).whole("idle_seats")
}

fn acceptance_rate(told: &Told) -> Expected {
    told.whole("total_acceptances").out_of(told.whole("total_suggestions"))
}

/// In milliseconds, as Grafana's dates are.
fn newest_day(told: &Told) -> Expected {
    told.whole("day_timestamp_seconds").times(1000.0)
}

/// In days, from the start of the day.
fn age(told: &Told) -> Expected {
    told.each_owner((told.at - start_of(told.facts.day)) / DAY)
}

fn interface(told: &Told) -> Expected {
    let api = |mut owner: Labels| {
        owner.insert("api".into(), told.facts.api.into());
        (owner, 1.0)
    };
    Expected::Rows(told.each_owner(1.0).rows().into_keys().map(api).collect())
}

fn state(told: &Told) -> Expected {
    told.each_source(|owner, source| if told.fails(owner, source) { 0.0 } else { 1.0 })
}

fn waiting(told: &Told) -> Expected {
    told.each_source(|_, _| 0.0)
}

/// The oldest that it can be; it is read again all the time.
fn last_read(told: &Told) -> Expected {
    UpTo(told.each_source(|_, _| told.since_noon() - SCENE).rows(), SCENE)
}

const OVERVIEW: Answers = &[
    ("Seats", &[("", |t| t.whole("seats"))]),
    ("Seats in use", &[("", seats_in_use)]),
    ("Idle seats", &[("", idle_seats)]),
    ("Active users", &[("", |t| t.whole("total_active_users"))]),
    ("Active within 28 days", &[("", |t| t.whole("monthly_active_users"))]),
    ("Newest day", &[("", newest_day)]),
    ("Active users by day", &[("", |t| t.named(t.of("daily_active_users", &["day"])))]),
    (
        "Active users of a week and of 28 days",
        &[("7 days", |t| t.whole("weekly_active_users")), ("28 days", |t| t.whole("monthly_active_users"))],
    ),
    ("Adoption phases", &[("", |t| t.named(t.of("adoption_phase_users", &["phase"])))]),
    ("Acceptance rate", &[("", acceptance_rate)]),
    ("Lines accepted", &[("", |t| t.whole("total_lines_accepted"))]),
    (
        "Acceptance rate by day",
        &[("", |t| t.named(t.of("daily_acceptances", &["day"]).out_of(t.of("daily_suggestions", &["day"]))))],
    ),
    ("Lines accepted by day", &[("", |t| t.named(t.of("daily_lines_accepted", &["day"])))]),
    (
        "Owners side by side",
        &[
            ("Seats", |t| t.whole("seats")),
            ("Seats in use", seats_in_use),
            ("Idle seats", idle_seats),
            ("Active users", |t| t.whole("total_active_users")),
            ("Active within 28 days", |t| t.whole("monthly_active_users")),
            ("Suggestions", |t| t.whole("total_suggestions")),
            ("Acceptance rate", acceptance_rate),
            ("Lines accepted", |t| t.whole("total_lines_accepted")),
            ("Chat turns", |t| t.whole("total_chat_turns")),
            ("Chat users", |t| t.whole("total_active_chat_users")),
        ],
    ),
    ("Chat turns by day", &[("", |t| t.named(t.of("daily_chat_turns", &["day"])))]),
    ("Chat users by day", &[("", |t| t.named(t.of("daily_active_chat_users", &["day"])))]),
    ("Newest day of each owner", &[("Day", newest_day), ("Age in days", age), ("Interface", interface)]),
    ("Sources", &[("State", state), ("Waiting", waiting), ("Last read", last_read)]),
];

const TEAM_LANGUAGE: &[&str] = &["team", "language"];
const LANGUAGE: &[&str] = &["language"];
const EDITOR: &[&str] = &["editor"];
const PAIR: &[&str] = &["language", "editor"];
const MODEL: &[&str] = &["model"];
const FEATURE: &[&str] = &["feature"];
const SURFACE: &[&str] = &["surface"];
const AGENT: &[&str] = &["agent"];

/// Completions of owners, of the languages and editors that are chosen.
fn rows(told: &Told, family: &str, labels: &[&str]) -> Expected {
    told.chosen(PAIR).of(family, labels)
}

/// The same of the teams that are chosen.
fn team_rows(told: &Told, family: &str) -> Expected {
    told.chosen(&["team", "language", "editor"]).of(family, TEAM_LANGUAGE)
}

fn models(told: &Told, family: &str) -> Expected {
    told.chosen(MODEL).of(family, MODEL)
}

/// Tokens that models wrote.
fn written(told: &Told, family: &str) -> Expected {
    told.only("kind", &["output"]).whole(family)
}

const BREAKDOWN: Answers = &[
    (
        "Teams",
        &[
            ("Active users", |t| t.team("total_active_users")),
            ("Active within 7 days", |t| t.team("weekly_active_users")),
            ("Active within 28 days", |t| t.team("monthly_active_users")),
            ("People with a seat", |t| t.team("team_seated_users")),
            ("Suggestions", |t| t.team("total_suggestions")),
            ("Acceptance rate", |t| t.team("total_acceptances").out_of(t.team("total_suggestions"))),
            ("Lines accepted", |t| t.team("total_lines_accepted")),
            ("Chat turns", |t| t.team("total_chat_turns")),
            ("Chat users", |t| t.team("total_active_chat_users")),
        ],
    ),
    (
        "Active users by day and team",
        &[("", |t| t.of_team(t.chosen(&["team"]).of("daily_active_users", &["team", "day"])))],
    ),
    ("Active in no listed team", &[("", |t| t.whole("unlisted_team_active_users"))]),
    (
        "Languages of teams",
        &[
            ("Suggestions", |t| team_rows(t, "suggestions")),
            ("Acceptances", |t| team_rows(t, "acceptances")),
            ("Acceptance rate", |t| team_rows(t, "acceptances").out_of(team_rows(t, "suggestions"))),
            ("Lines suggested", |t| team_rows(t, "lines_suggested")),
            ("Lines accepted", |t| team_rows(t, "lines_accepted")),
        ],
    ),
    (
        "Languages",
        &[
            ("Suggestions", |t| rows(t, "suggestions", LANGUAGE)),
            ("Acceptances", |t| rows(t, "acceptances", LANGUAGE)),
            ("Acceptance rate", |t| {
                rows(t, "acceptances", LANGUAGE).out_of(rows(t, "suggestions", LANGUAGE))
            }),
            ("Lines suggested", |t| rows(t, "lines_suggested", LANGUAGE)),
            ("Lines accepted", |t| rows(t, "lines_accepted", LANGUAGE)),
        ],
    ),
    ("Most used languages", &[("", |t| rows(t, "suggestions", LANGUAGE).ten_most())]),
    (
        "Languages by editor",
        &[
            ("Users", |t| rows(t, "active_users", PAIR)),
            ("Suggestions", |t| rows(t, "suggestions", PAIR)),
            ("Acceptances", |t| rows(t, "acceptances", PAIR)),
            ("Acceptance rate", |t| rows(t, "acceptances", PAIR).out_of(rows(t, "suggestions", PAIR))),
        ],
    ),
    (
        "Lines added by language",
        &[("", |t| t.chosen(LANGUAGE).of("language_lines_added", LANGUAGE).ten_most())],
    ),
    (
        "Completions by editor",
        &[
            ("Suggestions", |t| rows(t, "suggestions", EDITOR)),
            ("Acceptances", |t| rows(t, "acceptances", EDITOR)),
            ("Acceptance rate", |t| rows(t, "acceptances", EDITOR).out_of(rows(t, "suggestions", EDITOR))),
            ("Lines suggested", |t| rows(t, "lines_suggested", EDITOR)),
            ("Lines accepted", |t| rows(t, "lines_accepted", EDITOR)),
        ],
    ),
    (
        "Everything by editor",
        &[
            ("Users", |t| t.of("editor_active_users", EDITOR)),
            ("Prompts", |t| t.of("editor_interactions", EDITOR)),
            ("Outputs", |t| t.of("editor_generations", EDITOR)),
            ("Accepted", |t| t.of("editor_acceptances", EDITOR)),
            ("Lines added", |t| t.of("editor_lines_added", EDITOR)),
        ],
    ),
    (
        "Models",
        &[
            ("Prompts", |t| models(t, "model_interactions")),
            ("Outputs", |t| models(t, "model_generations")),
            ("Accepted", |t| models(t, "model_acceptances")),
            ("Lines added", |t| models(t, "model_lines_added")),
        ],
    ),
    ("Most used models", &[("", |t| models(t, "model_interactions").ten_most())]),
    (
        "Features",
        &[
            ("Users", |t| t.of("feature_active_users", FEATURE)),
            ("Prompts", |t| t.of("feature_interactions", FEATURE)),
            ("Outputs", |t| t.of("feature_generations", FEATURE)),
            ("Accepted", |t| t.of("feature_acceptances", FEATURE)),
            ("Lines added", |t| t.of("feature_lines_added", FEATURE)),
            ("Lines deleted", |t| t.of("feature_lines_deleted", FEATURE)),
        ],
    ),
    (
        "Surfaces",
        &[
            ("Day", |t| t.of("surface_daily_active_users", SURFACE)),
            ("7 days", |t| t.of("surface_weekly_active_users", SURFACE)),
            ("28 days", |t| t.of("surface_monthly_active_users", SURFACE)),
        ],
    ),
    (
        "Pull requests",
        &[
            ("Opened", |t| t.whole("pull_requests_created")),
            ("by Copilot", |t| t.whole("pull_requests_created_by_copilot")),
            ("Reviewed", |t| t.whole("pull_requests_reviewed")),
            ("reviewed by Copilot", |t| t.whole("pull_requests_reviewed_by_copilot")),
            ("Merged", |t| t.whole("pull_requests_merged")),
            ("merged, opened by Copilot", |t| t.whole("pull_requests_merged_created_by_copilot")),
            ("merged, reviewed by Copilot", |t| t.whole("pull_requests_merged_reviewed_by_copilot")),
        ],
    ),
    (
        "Median time to merge",
        &[("Median time", |t| t.of("pull_request_median_time_to_merge_seconds", &["kind"]))],
    ),
    (
        "Command line and app",
        &[
            ("CLI sessions", |t| t.whole("cli_sessions")),
            ("CLI prompts", |t| t.whole("cli_prompts")),
            ("CLI tokens written", |t| written(t, "cli_tokens")),
            ("App sessions", |t| t.whole("app_sessions")),
            ("App prompts", |t| t.whole("app_prompts")),
            ("App tokens written", |t| written(t, "app_tokens")),
        ],
    ),
    (
        "Agents of others",
        &[
            ("Sessions", |t| t.of("third_party_agent_sessions", AGENT)),
            ("Jobs", |t| t.of("third_party_agent_jobs", AGENT)),
        ],
    ),
    ("AI credits used", &[("", |t| t.whole("ai_credits_used"))]),
];

/// What seats cost, if somebody has said what one does.
fn fee(told: &Told, seats: Expected) -> Expected {
    match told.picked.price {
        "" => Expected::Rows(Rows::new()),
        price => seats.times(price.parse().unwrap()),
    }
}

/// Everybody in the list of seats whose seat this class is about, beside the owner's name.
fn class(told: &Told, idle: &'static str) -> Expected {
    told.named(told.only("idle", &[idle]).whole("idle_seats"))
}

fn within_a_week(told: &Told) -> Expected {
    let used = told.whole("recently_active_seats");
    told.named(used.less(told.only("idle", &["7d_28d"]).whole("idle_seats")))
}

const ASSIGNING: &[&str] = &["assigning_team"];
const ITEM: &[&str] = &["product", "sku", "model"];

fn seats_of_teams(told: &Told) -> Expected {
    told.of("assigned_seats", ASSIGNING)
}

fn idle_of_teams(told: &Told) -> Expected {
    idle(told).of("assigned_idle_seats", ASSIGNING)
}

const SEATS_AND_COST: Answers = &[
    ("Seats", &[("", |t| t.whole("seats"))]),
    ("Seats in use", &[("", seats_in_use)]),
    ("Idle share", &[("", |t| idle_seats(t).out_of(in_the_list(t)))]),
    ("Idle seats", &[("", idle_seats)]),
    ("New seats", &[("", |t| t.whole("new_seats"))]),
    ("Ending", &[("", |t| t.whole("seats_pending_cancellation"))]),
    (
        "When seats were last used",
        &[
            ("Within 7 days", within_a_week),
            ("7 to 28 days ago", |t| class(t, "7d_28d")),
            ("28 to 90 days ago", |t| class(t, "28d_90d")),
            ("Longer ago or never", |t| class(t, "none_90d")),
            ("New", |t| t.named(t.whole("new_seats"))),
        ],
    ),
    (
        "Seats over time",
        &[
            ("seats", |t| t.whole("seats")),
            ("used within 28 days", |t| t.whole("recently_active_seats")),
            ("idle", idle_seats),
        ],
    ),
    (
        "By the team a seat came through",
        &[
            ("Seats", seats_of_teams),
            ("Idle", idle_of_teams),
            ("Idle share", |t| idle_of_teams(t).out_of(seats_of_teams(t))),
        ],
    ),
    ("By plan", &[("People", |t| t.of("plan_seats", &["plan"]))]),
    (
        "This billing cycle",
        &[
            ("Active", |t| t.whole("seats_active_this_cycle")),
            ("Inactive", |t| t.whole("seats_inactive_this_cycle")),
            ("Added", |t| t.whole("seats_added_this_cycle")),
            ("Invited", |t| t.whole("seats_pending_invitation")),
        ],
    ),
    ("Fees a month", &[("", |t| fee(t, t.whole("seats")))]),
    ("Fees of idle seats", &[("", |t| fee(t, idle_seats(t)))]),
    ("Fee of a seat in use", &[("", |t| fee(t, t.whole("seats").out_of(t.whole("recently_active_seats"))))]),
    ("Month", &[("", |t| t.whole("billing_month_timestamp_seconds").times(1000.0))]),
    ("To be paid", &[("", |t| t.whole("billing_net_amount_usd"))]),
    (
        "To be paid for each seat in use",
        &[("", |t| t.whole("billing_net_amount_usd").out_of(t.whole("recently_active_seats")))],
    ),
    ("Included or waived", &[("", |t| t.whole("billing_discount_amount_usd"))]),
    (
        "By product and model",
        &[("Quantity", |t| t.of("billing_quantity", &["product", "sku", "model", "unit"]))],
    ),
    ("To be paid over time", &[("", |t| t.whole("billing_net_amount_usd"))]),
    (
        "Amounts by product and model",
        &[
            ("Gross", |t| t.of("billing_gross_amount_usd", ITEM)),
            ("Discount", |t| t.of("billing_discount_amount_usd", ITEM)),
            ("Net", |t| t.of("billing_net_amount_usd", ITEM)),
        ],
    ),
];

/// Targets of a source in one state, of the exporter that has the most of them.
fn targets(told: &Told, state: &str) -> Expected {
    told.each_source(|owner, source| {
        let [ok, no_data] = if source == "teams" { told.facts.teams[owner] } else { [1, 0] };
        match state {
            "ok" => ok as f64,
            "no_data" => no_data as f64,
            _ => f64::from(u8::from(told.fails(owner, source))),
        }
    })
}

/// What was planted. How many failures that is depends on the moment.
fn failures(told: &Told) -> Expected {
    let mut rows = told.each_source(|owner, source| if told.fails(owner, source) { 0.5 } else { 0.0 }).rows();
    rows.retain(|_, number| *number > 0.0);
    let reason = told.deployment.failing.map_or("", |failing| failing.reason);
    let with_reason = |(row, number): (Labels, f64)| {
        (row.into_iter().chain(labels([("reason", reason)])).collect(), number)
    };
    UpTo(rows.into_iter().map(with_reason).collect(), SCENE)
}

/// Of each exporter, all that there is but what it could not read.
fn series(told: &Told) -> Expected {
    told.each_instance(|instance| {
        let failing = told.deployment.failing.filter(|failing| failing.instance == instance);
        (told.facts.len() - failing.map_or(0, |failing| failing.missing(told.facts))) as f64
    })
}

fn restarts(told: &Told) -> Expected {
    told.each_job(|instance| f64::from(told.deployment.instances[instance]))
}

fn dropped(_: &Told) -> Expected {
    let details = ["team_daily", "team_detail", "owner_detail"];
    Expected::Rows(details.map(|detail| (labels([("detail", detail)]), 0.0)).into())
}

fn nothing(_: &Told) -> Expected {
    Expected::Rows(Rows::new())
}

fn version(told: &Told) -> Expected {
    let row = labels([("version", env!("CARGO_PKG_VERSION"))]);
    Expected::Rows(Rows::from([(row, told.deployment.instances.len() as f64)]))
}

/// Within two hours of the start, in milliseconds.
fn full_again(told: &Told) -> Expected {
    let milliseconds = noon().timestamp() as f64 * 1000.0;
    UpTo(told.each_token(milliseconds).rows(), 2.0 * 3_600_000.0)
}

fn took(told: &Told) -> Expected {
    let rows = told.each_source(|_, _| 0.0).rows();
    Served(rows, "github_copilot_exporter_refresh_duration_seconds", f64::max)
}

fn left(told: &Told) -> Expected {
    Served(told.each_token(0.0).rows(), "github_copilot_exporter_github_rate_limit_remaining", f64::min)
}

/// At least one request of the 5000 has been made.
fn share_left(told: &Told) -> Expected {
    UpTo(told.each_token(0.0).rows(), 4999.0 / 5000.0)
}

const REQUESTS: &str = "github_copilot_exporter_github_requests_total";
const SCRAPES: &str = "github_copilot_exporter_http_requests_total";

/// What the exporter says of itself. Every row is known but those of requests and scrapes, which must be rows of their
/// families. What a demo decides is known as a number; how long something took, what is left of a limit and the memory are
/// what is served; of times, rates and increases it is known between which numbers they lie.
const HEALTH: Answers = &[
    ("Newest day", &[("Day", newest_day), ("Age in days", age), ("Interface", interface)]),
    (
        "Sources",
        &[
            ("State", state),
            ("Waiting", waiting),
            ("Last read", last_read),
            ("Took", took),
            ("Targets ok", |t| targets(t, "ok")),
            ("without data", |t| targets(t, "no_data")),
            ("failing", |t| targets(t, "failing")),
        ],
    ),
    ("Sources over time", &[("", state)]),
    ("Failures by word", &[("Failures", failures)]),
    ("Requests to GitHub", &[("", |_| Growing(REQUESTS, &["code"], 0.0..=1000.0))]),
    ("Rate limit left", &[("", share_left)]),
    ("Requests by endpoint", &[("Requests", |_| Growing(REQUESTS, &["code", "endpoint"], 0.0..=100_000.0))]),
    (
        "Credentials",
        &[
            ("Limit", |t| t.each_token(5000.0)),
            ("Left", left),
            ("Full again", full_again),
            ("Waited", |t| t.each_token(0.0)),
            ("Expires", nothing),
        ],
    ),
    ("App", &[("", nothing)]),
    ("Sunset of interfaces", &[("Closes", nothing)]),
    ("Fields that are not known", &[("Fields", nothing)]),
    ("Series", &[("", series)]),
    ("Left out", &[("", dropped)]),
    ("Age of what is served", &[("", |t| UpTo(t.each_instance(|_| t.since_noon() - SCENE).rows(), SCENE))]),
    ("Restarts", &[("", restarts)]),
    ("Version", &[("", version)]),
    ("Folded names", &[("Names in others", nothing)]),
    ("Scrapes", &[("", |_| Growing(SCRAPES, &["code", "path"], 0.0..=1000.0))]),
    ("Duration of scrapes", &[("", |t| t.each_series("scrape_duration_seconds"))]),
    ("Memory", &[("", |t| t.each_series("process_resident_memory_bytes"))]),
    ("Processor", &[("", |t| UpTo(t.each_job(|_| 0.0).rows(), 64.0))]),
];

/// Who looks at seats as GitHub bills them. All else about seats comes from the list of them, for the two answers may differ.
#[test]
fn only_what_is_billed_is_counted_by_githubs_own_number_of_seats() {
    let mut found = BTreeSet::new();
    for Dashboard { file, panels, .. } in all() {
        for panel in &panels {
            let billed = panel.targets.iter().filter(|target| target.expr.contains("github_copilot_seats{"));
            found.extend(billed.map(|target| format!("{file}/{} {}", panel.title, panel.heading(target))));
        }
    }
    let expected = [
        "overview/Owners side by side Seats",
        "overview/Seats ",
        "seats-and-cost/Fee of a seat in use ",
        "seats-and-cost/Fees a month ",
        "seats-and-cost/Seats ",
        "seats-and-cost/Seats over time seats",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
}
