//! What the detail of an owner or a team must come to: everything beside the core that reports tell, person by person.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use github_copilot_exporter::simulator::{Deed, Feature, Person};

use crate::{
    fold_truth::{Label, Names},
    people_truth::{Scope, Series, Truth, canonical, is_chat, is_completion, window},
};

/// The name of a count, and the number of a deed it adds up.
type Count = (&'static str, fn(&Deed) -> u64);

/// By editor and by feature there are all of them, by language those from the second on.
const COUNTS: [Count; 6] = [
    ("interactions", |deed| deed.interactions),
    ("generations", |deed| deed.generations),
    ("acceptances", |deed| deed.acceptances),
    ("lines_suggested", |deed| deed.lines_suggested),
    ("lines_added", |deed| deed.lines_added),
    ("lines_deleted", |deed| deed.lines_deleted),
];
const MODEL_COUNTS: [Count; 4] = [COUNTS[0], COUNTS[1], COUNTS[2], COUNTS[4]];

/// The further labels of a deed in a family, beginning with a comma; none where it is not in it.
type Labels<'n> = &'n dyn Fn(&Deed) -> Option<String>;

/// What the editors told of a day, and by whom.
type Told = Vec<(u64, Deed)>;

/// The detail of a scope in the making.
struct Detail<'s> {
    /// The scope's labels.
    labels: &'s str,
    series: Series,
}

impl Detail<'_> {
    fn put(&mut self, family: &str, more: &str, number: f64) {
        let name = format!("github_copilot_{family}{{{}{more}}}", self.labels);
        assert_eq!(self.series.insert(name, number), None, "{family} {more}");
    }

    fn count(&mut self, family: &str, more: &str, number: u64) {
        self.put(family, more, number as f64);
    }

    /// What all deeds with the same labels come to. A deed is in at most one series of a family.
    fn sums(&mut self, family: &str, counts: &[Count], told: &Told, labels: Labels<'_>) {
        for (count, number) in counts {
            let mut sums: BTreeMap<String, u64> = BTreeMap::new();
            for (deed, more) in told.iter().filter_map(|(_, deed)| Some((deed, labels(deed)?))) {
                *sums.entry(more).or_default() += number(deed);
            }
            for (more, sum) in sums {
                self.count(&format!("{family}_{count}"), &more, sum);
            }
        }
    }

    /// Everybody who did anything with these labels, once.
    fn people(&mut self, family: &str, told: &Told, labels: Labels<'_>) {
        let mut people: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for (person, more) in told.iter().filter_map(|(person, deed)| Some((person, labels(deed)?))) {
            people.entry(more).or_default().insert(*person);
        }
        for (more, people) in people {
            self.count(&format!("{family}_active_users"), &more, people.len() as u64);
        }
    }

    fn totals(&mut self, told: &Told) {
        for (name, number) in [COUNTS[0], COUNTS[4], COUNTS[5]] {
            self.count(&format!("total_{name}"), "", told.iter().map(|(_, deed)| number(deed)).sum());
        }
    }

    fn breakdowns(&mut self, told: &Told, names: &Names) {
        let label = |label, key: &str, name| format!(r#",{key}="{}""#, names.shown(label, name));
        let feature = |deed: &Deed| label(Label::Feature, "feature", deed.feature.name());
        let editor = |deed: &Deed| Some(label(Label::Editor, "editor", deed.editor?.ide_name()));
        let language = |deed: &Deed| {
            let language = canonical(deed.language.unwrap_or("unknown"));
            label(Label::Language, "language", language) + &feature(deed)
        };
        let model = |deed: &Deed| Some(label(Label::Model, "model", deed.model?) + &feature(deed));
        self.sums("feature", &COUNTS, told, &|deed| Some(feature(deed)));
        self.people("feature", told, &|deed| Some(feature(deed)));
        self.sums("editor", &COUNTS, told, &editor);
        self.people("editor", told, &editor);
        self.sums("language", &COUNTS[1..], told, &|deed| Some(language(deed)));
        self.sums("model", &MODEL_COUNTS, told, &model);
    }

    /// The command line, if anybody used it. The simulator lets sessions, requests and tokens follow from its deeds.
    fn cli(&mut self, told: &Told) {
        let deeds: Vec<&Deed> = told.iter().map(|(_, deed)| deed).filter(|deed| is_cli(deed)).collect();
        if deeds.is_empty() {
            return;
        }
        let sum = |number: fn(&Deed) -> u64| deeds.iter().map(|deed| number(deed)).sum::<u64>();
        let requests = sum(|deed| deed.interactions + deed.generations);
        self.count("cli_sessions", "", sum(|deed| 1 + deed.interactions / 5));
        self.count("cli_requests", "", requests);
        self.count("cli_prompts", "", sum(|deed| deed.interactions));
        self.count("cli_tokens", r#",kind="prompt""#, 4_100 * requests);
        self.count("cli_tokens", r#",kind="output""#, 180 * requests + 11 * sum(|deed| deed.lines_added));
    }
}

impl<'w> Truth<'w> {
    /// Every detail series of a scope, as of `day`.
    pub fn detail(&self, scope: &Scope<'w>, day: NaiveDate, names: &Names) -> Series {
        let people: Vec<&Person> = (scope.people)(day).into_iter().flatten().collect();
        let told: Told = people
            .iter()
            .flat_map(|person| self.told(person, day).into_iter().map(|deed| (person.id, deed)))
            .collect();
        let mut detail = Detail { labels: &scope.labels, series: Series::new() };
        detail.totals(&told);
        detail.breakdowns(&told, names);
        detail.cli(&told);
        self.credits(&people, day, &mut detail);
        if !scope.is_team {
            self.months(&people, day, &mut detail);
            self.surfaces(&people, day, &mut detail);
            self.phases(&people, day, &mut detail);
            // To come with the simulator's signals, for owners only: the app, agents of others and pull requests.
        }
        detail.series
    }

    /// What the service itself has counted, of people with telemetry off as well: a quarter for a prompt and a
    /// twentieth for what came of it, unless it is a completion. Nothing is known where nobody was active.
    fn credits(&self, people: &[&Person], day: NaiveDate, detail: &mut Detail<'_>) {
        let deeds: Vec<Deed> = people.iter().flat_map(|person| self.deeds(person, day)).collect();
        let paid = deeds.iter().filter(|deed| !is_completion(deed));
        let hundredths: u64 = paid.map(|deed| 25 * deed.interactions + 5 * deed.generations).sum();
        if !deeds.is_empty() {
            detail.put("ai_credits_used", "", hundredths as f64 / 100.0);
        }
    }

    /// Users in the four weeks up to the day. GitHub counts them itself, so days that are not read count as well.
    fn months(&self, people: &[&Person], day: NaiveDate, detail: &mut Detail<'_>) {
        for (name, does) in [("chat", is_chat as fn(&Deed) -> bool), ("agent", is_agent)] {
            let users = self.told_by(people, day, 28, does);
            detail.count(&format!("monthly_active_{name}_users"), "", users);
        }
    }

    /// Users of the command line on the day, left out when there are none.
    ///
    /// To come with the simulator's signals: the weeks and months of it, and the other surfaces.
    fn surfaces(&self, people: &[&Person], day: NaiveDate, detail: &mut Detail<'_>) {
        let users = self.told_by(people, day, 1, is_cli);
        if users > 0 {
            detail.count("surface_daily_active_users", r#",surface="cli""#, users);
        }
    }

    /// How many people told of such a deed in the days up to `last`.
    fn told_by(&self, people: &[&Person], last: NaiveDate, days: u64, does: fn(&Deed) -> bool) -> u64 {
        let days = window(last, days);
        let did = |person: &&&Person| days.iter().any(|day| self.told(person, *day).iter().any(does));
        people.iter().filter(did).count() as u64
    }

    /// Those active in the four weeks up to the day, and on the day, by their phases; phases of nobody are left out.
    fn phases(&self, people: &[&Person], day: NaiveDate, detail: &mut Detail<'_>) {
        let mut phases: BTreeMap<u8, [u64; 2]> = BTreeMap::new();
        let month = window(day, 28);
        for person in people.iter().filter(|person| month.iter().any(|day| self.is_active(person, *day))) {
            let [users, active] = phases.entry(self.phase(person)).or_default();
            *users += 1;
            *active += u64::from(self.is_active(person, day));
        }
        for (phase, [users, active]) in phases {
            let phase = format!(r#",phase="{phase}""#);
            detail.count("adoption_phase_users", &phase, users);
            detail.count("adoption_phase_active_users", &phase, active);
        }
    }

    /// A phase is a matter of habits, which nobody is asked for: whoever has a habit of agents, or of the command line,
    /// gives in to it on some day. It is looked for over the two years around the day that is shown.
    fn phase(&self, person: &Person) -> u8 {
        let ever = |is: fn(&Deed) -> bool| {
            let mut days = window(self.newest + chrono::Days::new(365), 730).into_iter();
            days.any(|day| self.world.deeds(person, day).iter().any(is))
        };
        match person.telemetry {
            false => 0,
            true if !ever(is_agent) => 1,
            true if !ever(is_cli) => 2,
            true => 3,
        }
    }
}

fn is_agent(deed: &Deed) -> bool {
    matches!(deed.feature, Feature::ChatPanelAgentMode | Feature::AgentEdit)
}

fn is_cli(deed: &Deed) -> bool {
    deed.feature == Feature::CopilotCli
}

/// Whether a series is of the group `detail`: what teams have only when all of them is wanted.
pub fn is_detail(series: &str) -> bool {
    const TOTALS: [&str; 3] = ["total_interactions{", "total_lines_added{", "total_lines_deleted{"];
    const MONTHS: [&str; 2] = ["monthly_active_chat_users{", "monthly_active_agent_users{"];
    const FAMILIES: [&str; 11] = [
        "feature_",
        "editor_",
        "language_",
        "model_",
        "cli_",
        "app_",
        "surface_",
        "third_party_agent_",
        "pull_request",
        "adoption_phase_",
        "ai_credits_used{",
    ];
    let name = series.strip_prefix("github_copilot_").unwrap_or(series);
    TOTALS.iter().chain(&MONTHS).chain(&FAMILIES).any(|family| name.starts_with(family))
}
