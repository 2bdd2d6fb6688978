//! What the reports about people must come to, counted person by person without any shortcut.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate, NaiveTime};
use github_copilot_exporter::simulator::{Deed, Editor, Entity, Feature, Kind, Person, Team, World};

use crate::fold_truth::{Label, Names};

/// Series as they are written, and their numbers.
pub type Series = BTreeMap<String, f64>;

/// What is known of a company, and which day of it is shown.
#[derive(Clone, Copy)]
pub struct Truth<'w> {
    pub world: &'w World,
    /// The oldest day of which users and teams are read.
    pub first: NaiveDate,
    /// The newest day that is published.
    pub newest: NaiveDate,
    /// The day that series without a `day` label describe.
    pub shown: NaiveDate,
    /// Whether some of what people did is reported late.
    pub late: bool,
    /// Whether anything is ever reported of a day.
    pub reported: fn(NaiveDate) -> bool,
    /// Languages, and editors, and so on, that a scope keeps beside `others`.
    pub most: usize,
    /// Whether teams are shown in all detail, as owners always are.
    pub team_detail: bool,
}

/// An owner or one of its teams.
pub struct Scope<'w> {
    pub labels: String,
    pub is_team: bool,
    /// Who is in it at the end of a day; nobody knows where a team is not listed.
    pub people: Box<dyn Fn(NaiveDate) -> Option<Vec<&'w Person>> + 'w>,
}

/// What one person completed on a day in one language and editor.
pub struct Completed {
    pub person: u64,
    pub language: &'static str,
    pub editor: &'static str,
    pub counts: [u64; 4],
}

/// The names of the four counts.
const COUNTS: [&str; 4] = ["suggestions", "acceptances", "lines_suggested", "lines_accepted"];

impl<'w> Truth<'w> {
    /// What is known when `newest` and the 27 days before it are read.
    pub fn new(world: &'w World, newest: NaiveDate) -> Self {
        let first = newest - Days::new(27);
        Self {
            world,
            first,
            newest,
            shown: newest,
            late: false,
            reported: |_| true,
            most: usize::MAX,
            team_detail: false,
        }
    }

    /// Every data series that an exporter of this company must have.
    pub fn everything(&self) -> Series {
        owners(self.world).flat_map(|entity| self.of(entity)).collect()
    }

    /// Every data series of one owner and of its teams.
    pub fn of(&self, entity: &'w Entity) -> Series {
        let mut series = Series::new();
        series.insert(unlisted(entity), self.unlisted(entity) as f64);
        for scope in self.scopes(entity) {
            self.show(&scope, &mut series);
        }
        series
    }

    /// The same of the day that is shown and of no other, without detail. No name is folded.
    pub fn core(&self, entity: &'w Entity) -> Series {
        let mut series = Series::new();
        series.insert(unlisted(entity), self.unlisted(entity) as f64);
        for scope in self.scopes(entity) {
            self.show_daily(&scope, self.shown, &mut series);
            // Where nothing is folded the names of other days do not matter.
            let names = Self { first: self.shown - Days::new(1), ..*self }.names(&scope);
            self.show_latest(&scope, &names, &mut series);
        }
        series
    }

    /// The owner, and every team that was listed on any of the days that are read: one that the newest list does not
    /// have keeps its past, and shows the day before for as long as that one is the newest.
    fn scopes(&self, entity: &'w Entity) -> Vec<Scope<'w>> {
        let teams = entity.teams.iter().map(|team| self.team(entity, team));
        [self.owner(entity)].into_iter().chain(teams).collect()
    }

    /// Completions of the day that is shown, by language alone, as an owner's own record has them.
    pub fn languages(&self, entity: &'w Entity) -> Series {
        let mut series = Series::new();
        for completed in self.completed(&self.owner(entity), self.shown) {
            for (name, count) in COUNTS.iter().zip(completed.counts) {
                let labels = labels(entity, None);
                let language = completed.language;
                let name = format!(r#"github_copilot_{name}{{{labels},language="{language}",editor=""}}"#);
                *series.entry(name).or_default() += count as f64;
            }
        }
        series
    }

    fn owner(&self, entity: &'w Entity) -> Scope<'w> {
        let world = self.world;
        let people = move |_| Some(world.people_of(entity).collect());
        Scope { labels: labels(entity, None), is_team: false, people: Box::new(people) }
    }

    fn team(&self, entity: &Entity, team: &'w Team) -> Scope<'w> {
        let this = *self;
        let people = move |day| this.seated(team, day);
        Scope { labels: labels(entity, Some(team)), is_team: true, people: Box::new(people) }
    }

    /// Those who are listed for a team: its members with a licence, if there are five of them.
    fn seated(&self, team: &'w Team, day: NaiveDate) -> Option<Vec<&'w Person>> {
        if !(self.reported)(day) {
            return None;
        }
        let members = self.world.members(team, day);
        let seated: Vec<_> = members.filter(|person| self.world.is_licensed(person, day)).collect();
        (seated.len() >= 5).then_some(seated)
    }

    /// What is known by now of what somebody did.
    pub fn deeds(&self, person: &Person, day: NaiveDate) -> Vec<Deed> {
        let waited = (self.newest - day).num_days();
        let has_come = !self.late || i64::from(self.world.days_late(person, day)) <= waited;
        if (self.reported)(day) && has_come { self.world.deeds(person, day) } else { Vec::new() }
    }

    /// The part of it that the editors tell.
    pub fn told(&self, person: &Person, day: NaiveDate) -> Vec<Deed> {
        if person.telemetry { self.deeds(person, day) } else { Vec::new() }
    }

    pub fn is_active(&self, person: &Person, day: NaiveDate) -> bool {
        !self.deeds(person, day).is_empty()
    }

    /// Everybody active on the day that is shown who is listed in no team, watched or not.
    fn unlisted(&self, entity: &'w Entity) -> usize {
        let seated = entity.teams.iter().filter_map(|team| self.seated(team, self.shown)).flatten();
        let listed: BTreeSet<u64> = seated.map(|person| person.id).collect();
        let active = self.world.people_of(entity).filter(|person| self.is_active(person, self.shown));
        active.filter(|person| !listed.contains(&person.id)).count()
    }

    fn show(&self, scope: &Scope<'w>, series: &mut Series) {
        for day in window(self.newest, 28) {
            self.show_daily(scope, day, series);
        }
        let names = self.names(scope);
        let latest = self.show_latest(scope, &names, series);
        if let Some(latest) = latest.filter(|_| self.team_detail || !scope.is_team) {
            series.extend(self.detail(scope, latest, &names));
        }
    }

    fn show_daily(&self, scope: &Scope<'w>, day: NaiveDate, series: &mut Series) {
        for (name, number) in self.totals(scope, day).into_iter().flatten() {
            let name = format!(r#"github_copilot_daily_{name}{{{},day="{day}"}}"#, scope.labels);
            series.insert(name, number as f64);
        }
    }

    /// Everything but detail of the day that the scope shows, and which day that is.
    fn show_latest(&self, scope: &Scope<'w>, names: &Names, series: &mut Series) -> Option<NaiveDate> {
        let day_before = scope.is_team.then_some(self.shown - Days::new(1));
        let mut days = [Some(self.shown), day_before].into_iter().flatten();
        let latest = days.find(|day| *day >= self.first && (scope.people)(*day).is_some())?;
        let mut insert = |name: &str, number: u64| {
            series.insert(format!("github_copilot_{name}{{{}}}", scope.labels), number as f64)
        };
        for (name, number) in self.totals(scope, latest).into_iter().flatten() {
            insert(&format!("total_{name}"), number);
        }
        let start = latest.and_time(NaiveTime::MIN).and_utc().timestamp();
        insert("day_timestamp_seconds", u64::try_from(start).unwrap());
        for (name, days) in [("weekly_active_users", 7), ("monthly_active_users", 28)] {
            if let Some(users) = self.users(scope, latest, days) {
                insert(name, users);
            }
        }
        if scope.is_team {
            insert("team_seated_users", (scope.people)(latest).into_iter().flatten().count() as u64);
        }
        series.extend(self.rows(scope, latest, names));
        Some(latest)
    }

    /// The figures of a whole day, those that are known.
    fn totals(&self, scope: &Scope<'w>, day: NaiveDate) -> Option<Vec<(&'static str, u64)>> {
        let people = (scope.people)(day)?;
        let count = |is: &dyn Fn(&Person) -> bool| people.iter().filter(|person| is(person)).count() as u64;
        let chats = |deed: &Deed| is_chat(deed) && deed.interactions > 0;
        let mut totals = vec![
            ("active_users", count(&|person| self.is_active(person, day))),
            ("active_chat_users", count(&|person| self.told(person, day).iter().any(chats))),
        ];
        let told: Vec<Deed> = people.iter().flat_map(|person| self.told(person, day)).collect();
        // An owner's record in which nothing is told has no numbers; of a team everybody is known.
        if scope.is_team || !told.is_empty() {
            let sum = |of: fn(&Deed) -> bool, number: fn(&Deed) -> u64| {
                told.iter().filter(|deed| of(deed)).map(number).sum::<u64>()
            };
            totals.extend([
                ("suggestions", sum(is_completion, |deed| deed.generations)),
                ("acceptances", sum(is_completion, |deed| deed.acceptances)),
                ("lines_suggested", sum(is_completion, |deed| deed.lines_suggested)),
                ("lines_accepted", sum(is_completion, |deed| deed.lines_added)),
                ("chat_turns", sum(is_chat, |deed| deed.interactions)),
                ("chat_acceptances", sum(is_chat, |deed| deed.acceptances)),
            ]);
        }
        Some(totals)
    }

    /// Everybody active on any of the days up to `last`, where all of them are read. GitHub itself counts for owners.
    fn users(&self, scope: &Scope<'w>, last: NaiveDate, days: u64) -> Option<u64> {
        let days = window(last, days);
        if scope.is_team && days.iter().any(|day| *day < self.first) {
            return None;
        }
        let active = |day: NaiveDate| {
            let people = (scope.people)(day).into_iter().flatten();
            people.filter(move |person| self.is_active(person, day)).map(|person| person.id)
        };
        Some(days.into_iter().flat_map(active).collect::<BTreeSet<u64>>().len() as u64)
    }

    pub fn completed(&self, scope: &Scope<'w>, day: NaiveDate) -> Vec<Completed> {
        let mut all = Vec::new();
        for person in (scope.people)(day).into_iter().flatten() {
            let told = self.told(person, day);
            let editor = editor(&told);
            for deed in told.iter().filter(|deed| is_completion(deed)) {
                let language = canonical(deed.language.unwrap_or("unknown"));
                let counts = [deed.generations, deed.acceptances, deed.lines_suggested, deed.lines_added];
                all.push(Completed { person: person.id, language, editor, counts });
            }
        }
        all
    }

    /// By language and editor.
    fn rows(&self, scope: &Scope<'w>, day: NaiveDate, names: &Names) -> Series {
        let mut rows: BTreeMap<(&str, &str), Vec<Completed>> = BTreeMap::new();
        for completed in self.completed(scope, day) {
            let language = names.shown(Label::Language, completed.language);
            let editor = names.shown(Label::Editor, completed.editor);
            rows.entry((language, editor)).or_default().push(completed);
        }
        let mut series = Series::new();
        for ((language, editor), parts) in rows {
            let mut insert = |name: &str, number: u64| {
                let labels = &scope.labels;
                let name =
                    format!(r#"github_copilot_{name}{{{labels},language="{language}",editor="{editor}"}}"#);
                series.insert(name, number as f64);
            };
            for (index, name) in COUNTS.iter().enumerate() {
                insert(name, parts.iter().map(|part| part.counts[index]).sum());
            }
            let shown = parts.iter().filter(|part| part.counts[0] > 0);
            insert("active_users", shown.map(|part| part.person).collect::<BTreeSet<u64>>().len() as u64);
        }
        series
    }
}

/// Organisations and the enterprise.
pub fn owners(world: &World) -> impl Iterator<Item = &Entity> {
    world.orgs().iter().chain([world.enterprise()])
}

/// How many active people are in no team.
fn unlisted(entity: &Entity) -> String {
    format!("github_copilot_unlisted_team_active_users{{{}}}", labels(entity, None))
}

/// The labels of a scope, without braces.
pub fn labels(entity: &Entity, team: Option<&Team>) -> String {
    let (enterprise, org) = match entity.kind {
        Kind::Organisation => ("", &*entity.login),
        Kind::Enterprise => (&*entity.login, ""),
    };
    format!(r#"enterprise="{enterprise}",org="{org}",team="{}""#, team.map_or("", |team| &team.slug))
}

/// So many days up to `last`, oldest first.
pub fn window(last: NaiveDate, days: u64) -> Vec<NaiveDate> {
    (0..days).rev().map(|back| last - Days::new(back)).collect()
}

pub fn is_completion(deed: &Deed) -> bool {
    deed.feature == Feature::CodeCompletion
}

pub fn is_chat(deed: &Deed) -> bool {
    deed.feature.name() == "chat_inline" || deed.feature.name().starts_with("chat_panel_")
}

/// The editor of somebody's day: the only one in which anything was generated, by whatever feature.
fn editor(told: &[Deed]) -> &'static str {
    let generating = told.iter().filter(|deed| deed.generations > 0);
    let editors: BTreeSet<_> = generating.filter_map(|deed| deed.editor).map(Editor::ide_name).collect();
    match Vec::from_iter(editors)[..] {
        [] => "unknown",
        [only] => only,
        _ => "multiple",
    }
}

/// A language, whichever way an editor spells it.
pub fn canonical(language: &'static str) -> &'static str {
    match language {
        "c#" => "csharp",
        "c++" => "cpp",
        "f#" => "fsharp",
        "golang" => "go",
        "pwsh" => "powershell",
        "shellscript" => "shell",
        "text" => "plaintext",
        as_sent => as_sent,
    }
}
