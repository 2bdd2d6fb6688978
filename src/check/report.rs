//! What was found out, row by row: as a table for people, and as JSON. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write},
};

use chrono::SecondsFormat;
use serde::Serialize;

use crate::{
    clock::Instant,
    github::{Failure, budget::RateLimit},
    model::advice,
    owner::Owner,
    source::{Api, Source},
};

/// So many owners are named beside an advice; of the others it says how many there are.
const NAMED: usize = 6;

/// Of a credential.
const UNKNOWN: &str = "not known: GitHub has answered nothing that was asked with it";

/// What was found out.
#[derive(Debug)]
pub struct Report {
    /// When.
    pub at: Instant,
    /// Whether everything was tried; else it was stopped.
    pub complete: bool,
    /// By name.
    pub credentials: Vec<CredentialRow>,
    /// By owner, in the order of the configuration.
    pub sources: Vec<SourceRow>,
    /// What is on this machine.
    pub local: Vec<LocalRow>,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that was asked was read.
    Works,
    /// Something was not.
    Refused,
    /// GitHub has something not yet: there is nothing to change.
    NotReady,
}

impl Verdict {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Refused => "refused",
            Self::NotReady => "not ready",
        }
    }
}

/// A credential.
#[derive(Debug)]
pub struct CredentialRow {
    /// As in the `credential` label.
    pub name: String,
    /// Why it is of no use, if it is not.
    pub failure: Option<Failure>,
    /// Whether GitHub has answered somebody who has it: a server that is down tells nothing of it.
    pub confirmed: bool,
    /// Requests left, as of the last answer.
    pub rate: Option<RateLimit>,
    /// When a token ends, if it does.
    pub expires: Option<Instant>,
    /// Of the App as itself.
    pub app: Option<AppRow>,
}

/// Where the App is installed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct AppRow {
    /// On so many organisations and enterprises.
    pub installations: usize,
    /// Those of them on which it is suspended.
    pub suspended: Vec<String>,
}

/// A source of an owner.
#[derive(Debug)]
pub struct SourceRow {
    /// Whose.
    pub owner: Owner,
    /// Which.
    pub source: Source,
    /// With what it was asked for.
    pub credential: String,
    /// By which interface, where that matters and is known.
    pub api: Option<Api>,
    /// What was read, in words.
    pub read: Vec<String>,
    /// What GitHub has nothing of yet, in words.
    pub waits: Vec<String>,
    /// Why something was not read, one of each kind.
    pub failures: Vec<Failure>,
}

/// Something on this machine.
#[derive(Debug, Serialize)]
pub struct LocalRow {
    /// The variable that names it.
    pub variable: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// In words.
    pub detail: String,
}

impl AppRow {
    /// Of these installations, each with the moment of its suspension.
    pub fn of(installed: &BTreeMap<Owner, Option<Instant>>) -> Self {
        let suspended = installed.iter().filter(|(_, since)| since.is_some());
        let suspended = suspended.map(|(owner, _)| owner.to_string()).collect();
        Self { installations: installed.len(), suspended }
    }
}

impl CredentialRow {
    fn verdict(&self) -> Verdict {
        match (&self.failure, self.confirmed) {
            (Some(_), _) => Verdict::Refused,
            (None, true) => Verdict::Works,
            (None, false) => Verdict::NotReady,
        }
    }

    /// Whether it is one owner's alone, and there is nothing more to say of it than that it works.
    fn is_one_of_many(&self) -> bool {
        self.verdict() == Verdict::Works && self.expires.is_none() && self.name.contains(':')
    }

    fn detail(&self) -> String {
        let unknown = (self.verdict() == Verdict::NotReady).then(|| UNKNOWN.to_owned());
        let failure = self.failure.as_ref().map(ToString::to_string).or(unknown);
        let app = self.app.as_ref().map(|app| match app.suspended.len() {
            0 => format!("installations: {}", app.installations),
            suspended => format!("installations: {}, suspended: {suspended}", app.installations),
        });
        let rate = self.rate.map(|rate| format!("{} of {} requests left", rate.remaining, rate.limit));
        let expires = self.expires.map(|end| format!("ends {}", end.format("%F %H:%M UTC")));
        joined([failure, app, rate, expires].into_iter().flatten())
    }

    fn advice(&self) -> Option<&'static str> {
        self.failure.as_ref().map(advice::of_credential)
    }
}

impl SourceRow {
    /// A source for which nothing could be asked.
    pub fn refused(owner: &Owner, source: Source, credential: &str, failure: &Failure) -> Self {
        let (owner, credential) = (owner.clone(), credential.to_owned());
        let failures = vec![failure.clone()];
        Self { owner, source, credential, api: None, read: Vec::new(), waits: Vec::new(), failures }
    }

    fn verdict(&self) -> Verdict {
        match (self.failures.is_empty(), self.waits.is_empty()) {
            (false, _) => Verdict::Refused,
            (true, false) => Verdict::NotReady,
            (true, true) => Verdict::Works,
        }
    }

    fn detail(&self) -> String {
        match self.verdict() {
            Verdict::Refused => joined(self.failures.iter().map(ToString::to_string)),
            Verdict::NotReady => format!("GitHub has not made {} yet", self.waits.join(", ")),
            Verdict::Works => self.read.join(", "),
        }
    }

    /// What to change for each failure, in parts.
    fn advice(&self) -> impl Iterator<Item = Vec<String>> {
        self.failures.iter().map(|Failure { reason, lack, .. }| {
            advice::parts_of_source(&self.owner, self.source, *reason, lack.as_ref())
        })
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("; ")
}

impl Report {
    /// Whether nothing was refused.
    pub fn is_fine(&self) -> bool {
        self.count(Verdict::Refused) == 0
    }

    fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        let credentials = self.credentials.iter().map(CredentialRow::verdict);
        let sources = self.sources.iter().map(SourceRow::verdict);
        credentials.chain(sources).chain(self.local.iter().map(|row| row.verdict))
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.verdicts().filter(|found| *found == verdict).count()
    }

    /// One JSON document, as `docs/check.md` describes it.
    pub fn json(&self) -> serde_json::Value {
        let instant = |at: Instant| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let credential = |row: &CredentialRow| {
            serde_json::json!({
                "credential": row.name,
                "verdict": row.verdict(),
                "reason": row.failure.as_ref().map(|failure| failure.reason.word()),
                "detail": row.detail(),
                "advice": row.advice(),
                "requests_limit": row.rate.map(|rate| rate.limit),
                "requests_remaining": row.rate.map(|rate| rate.remaining),
                "requests_reset": row.rate.map(|rate| instant(rate.reset)),
                "expires": row.expires.map(instant),
                "app": row.app,
            })
        };
        let source = |row: &SourceRow| {
            let problem = |(failure, advice): (&Failure, Vec<String>)| {
                serde_json::json!({
                    "reason": failure.reason.word(), "detail": failure.detail, "advice": advice.join(" "),
                })
            };
            serde_json::json!({
                "enterprise": row.owner.enterprise_label(),
                "org": row.owner.org_label(),
                "source": row.source.word(),
                "credential": row.credential,
                "api": row.api.map(Api::word),
                "verdict": row.verdict(),
                "detail": row.detail(),
                "problems": row.failures.iter().zip(row.advice()).map(problem).collect::<Vec<_>>(),
            })
        };
        serde_json::json!({
            "at": instant(self.at),
            "complete": self.complete,
            "ok": self.is_fine(),
            "credentials": self.credentials.iter().map(credential).collect::<Vec<_>>(),
            "sources": self.sources.iter().map(source).collect::<Vec<_>>(),
            "local": self.local,
        })
    }

    /// One row for the credentials of many owners that work.
    fn of_many(&self) -> Option<[String; 3]> {
        let rows: Vec<_> = self.credentials.iter().filter(|row| row.is_one_of_many()).collect();
        if rows.len() <= NAMED {
            return None;
        }
        let least = rows.iter().filter_map(|row| row.rate).map(|rate| rate.remaining).min();
        let least = least.map(|least| format!(", each with {least} requests left at least"));
        let detail = format!("one for each of {} owners{}", rows.len(), least.unwrap_or_default());
        Some(["(by owner)".to_owned(), Verdict::Works.word().to_owned(), detail])
    }

    /// Every advice once, each with what it is for.
    fn advice(&self) -> Vec<Advice> {
        let mut all: Vec<Advice> = Vec::new();
        for row in &self.credentials {
            if let Some(words) = row.advice() {
                add(&mut all, words.to_owned(), format!("credential {}", row.name), None);
            }
        }
        for row in &self.sources {
            for words in row.advice().flatten() {
                add(&mut all, words, row.owner.to_string(), Some(row.source));
            }
        }
        all
    }
}

/// What to change, and for what.
struct Advice {
    words: String,
    subjects: Vec<(String, Vec<Source>)>,
}

fn add(all: &mut Vec<Advice>, words: String, subject: String, source: Option<Source>) {
    let place = all.iter().position(|advice| advice.words == words).unwrap_or_else(|| {
        all.push(Advice { words, subjects: Vec::new() });
        all.len() - 1
    });
    let subjects = &mut all[place].subjects;
    if subjects.last().is_none_or(|(last, _)| *last != subject) {
        subjects.push((subject, Vec::new()));
    }
    if let Some((_, sources)) = subjects.last_mut() {
        sources.extend(source.filter(|source| sources.last() != Some(source)));
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.subjects.iter().take(NAMED).map(|(subject, sources)| {
            let sources: Vec<_> = sources.iter().map(|source| source.word()).collect();
            if sources.is_empty() { subject.clone() } else { format!("{subject} ({})", sources.join(", ")) }
        });
        let named: Vec<_> = named.collect();
        write!(f, "{}\n    For {}", self.words, named.join(", "))?;
        match self.subjects.len().checked_sub(NAMED) {
            None | Some(0) => f.write_str("."),
            Some(more) => write!(f, ", and {more} more."),
        }
    }
}

/// The tables, then what to change. A refused row has the number of what is advised.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = self.advice();
        let number =
            |words: &str| advice.iter().position(|advice| advice.words == words).map(|place| place + 1);
        let state = |verdict: Verdict, numbers: &mut dyn Iterator<Item = usize>| {
            numbers.fold(verdict.word().to_owned(), |mut state, number| {
                // Writing into a string cannot fail.
                let _ = write!(state, " [{number}]");
                state
            })
        };
        let many = self.of_many();
        let apart = many.is_none();
        let credentials = self.credentials.iter().filter(|row| apart || !row.is_one_of_many());
        let credentials = credentials.map(|row| {
            let state = state(row.verdict(), &mut row.advice().and_then(number).into_iter());
            [row.name.clone(), state, row.detail()]
        });
        let credentials = credentials.chain(many).collect();
        table(f, ["CREDENTIAL", "STATE", "DETAIL"], credentials)?;
        let sources = self.sources.iter().map(|row| {
            let numbers: BTreeSet<_> = row.advice().flatten().filter_map(|words| number(&words)).collect();
            let state = state(row.verdict(), &mut numbers.into_iter());
            let api = row.api.map_or("-", Api::word).to_owned();
            let (owner, source) = (row.owner.to_string(), row.source.to_string());
            [owner, source, row.credential.clone(), api, state, row.detail()]
        });
        table(f, ["OWNER", "SOURCE", "CREDENTIAL", "API", "STATE", "DETAIL"], sources.collect())?;
        let local = self
            .local
            .iter()
            .map(|row| [row.variable.to_owned(), row.verdict.word().to_owned(), row.detail.clone()]);
        table(f, ["SETTING", "STATE", "DETAIL"], local.collect())?;
        if !advice.is_empty() {
            f.write_str("WHAT TO CHANGE\n")?;
            for (number, advice) in (1..).zip(&advice) {
                writeln!(f, "[{number}] {advice}")?;
            }
            f.write_str("\n")?;
        }
        if !self.complete {
            f.write_str("Stopped before everything was tried. ")?;
        }
        let [works, waits, refused] =
            [Verdict::Works, Verdict::NotReady, Verdict::Refused].map(|verdict| self.count(verdict));
        write!(f, "{works} work, {waits} not ready, {refused} refused")
    }
}

/// Rows in columns as wide as they must be, the last as wide as it likes, and an empty line. Nothing without rows.
fn table<const N: usize>(f: &mut fmt::Formatter<'_>, head: [&str; N], rows: Vec<[String; N]>) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    for row in &rows {
        let line = row.iter().zip(widths).map(|(text, width)| format!("{text:width$}"));
        writeln!(f, "{}", line.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    f.write_str("\n")
}
