//! What is asked for an owner: of each source as much as tells whether it may be read.

use chrono::{Days, NaiveDate};
use parking_lot::{Mutex, MutexGuard};

use super::report::SourceRow;
use crate::{
    clock::SharedClock,
    config::Config,
    github::{
        Answer, Client, Failure, Reason, Validators,
        billing::{self, Meter},
        endpoint::Report,
        reports::{self, EntityDay, Files, Wanted},
        seats, teams,
        usage::{self, UsageDay, Window},
    },
    model::{memberships::TeamList, state::has_number},
    owner::Owner,
    refresh::{interface::Interface, reports::judge, roster::watched},
    source::{Api, Source},
};

/// After so many questions in a row without any answer no further one is asked with the same credential: a hundred owners
/// must not wait for each other.
const MOST_SILENCE: u8 = 3;

/// A day so long ago is published, unless GitHub is late.
const PUBLISHED: Days = Days::new(3);

/// Those who are asked with one credential.
pub(super) struct Questions<'a> {
    client: &'a Client,
    clock: &'a SharedClock,
    config: &'a Config,
    credential: &'a str,
    patience: Mutex<Patience>,
}

/// Whether it is worth while to ask on.
#[derive(Default)]
struct Patience {
    /// Questions in a row that had no answer.
    silence: u8,
    /// Whether any had one.
    answered: bool,
    /// Whether any had one that GitHub gives only to whom it knows.
    confirmed: bool,
    /// The first failure.
    first: Option<Failure>,
    /// Why no further one is asked.
    ended: Option<Failure>,
}

/// What was found out about a source.
#[derive(Default)]
pub(super) struct Finding {
    /// What was read.
    read: Vec<String>,
    /// What GitHub has nothing of yet.
    waits: Vec<String>,
    /// One of each kind.
    failures: Vec<Failure>,
}

impl Finding {
    fn reads(&mut self, what: impl Into<String>) {
        self.read.push(what.into());
    }

    fn waits_for(&mut self, what: impl Into<String>) {
        self.waits.push(what.into());
    }

    fn fails(&mut self, failure: Failure) {
        let is_known = |known: &Failure| (known.reason, &known.lack) == (failure.reason, &failure.lack);
        if !self.failures.iter().any(is_known) {
            self.failures.push(failure);
        }
    }

    /// Notes a failure, and gives what there is else.
    fn take<T>(&mut self, asked: Result<T, Failure>) -> Option<T> {
        asked.map_err(|failure| self.fails(failure)).ok()
    }

    /// Notes the newest of the days that have figures.
    fn newest(&mut self, days: impl Iterator<Item = NaiveDate>) -> Option<NaiveDate> {
        let newest = days.max();
        match newest {
            Some(day) => self.reads(format!("newest day {day}")),
            None => self.waits_for("a day with figures"),
        }
        newest
    }

    fn absorb(&mut self, other: Self) {
        other.failures.into_iter().for_each(|failure| self.fails(failure));
        self.waits.extend(other.waits);
    }
}

impl<'a> Questions<'a> {
    pub(super) fn new(
        client: &'a Client,
        clock: &'a SharedClock,
        config: &'a Config,
        credential: &'a str,
    ) -> Self {
        Self { client, clock, config, credential, patience: Mutex::default() }
    }

    /// Why nothing at all can be asked with this credential, if nothing can.
    pub(super) fn refused(&self) -> Option<Failure> {
        let patience = self.patience();
        let unheard = patience.first.as_ref().filter(|_| !patience.answered);
        patience.ended.as_ref().or(unheard).cloned()
    }

    /// Whether GitHub has answered a question that was asked with this credential, be it by no.
    pub(super) fn confirmed(&self) -> bool {
        self.patience().confirmed
    }

    /// Asks for every source that the configuration names.
    pub(super) async fn ask(&self, owner: &Owner) -> Vec<SourceRow> {
        let mut rows = Vec::new();
        if self.config.sources.iter().any(|source| source.is_usage()) {
            rows = self.usage(owner).await;
        }
        if self.asks(Source::Seats) {
            rows.push(self.row(owner, Source::Seats, None, self.seats(owner).await));
        }
        if self.asks(Source::Billing) {
            rows.push(self.row(owner, Source::Billing, None, self.billing(owner).await));
        }
        rows
    }

    fn asks(&self, source: Source) -> bool {
        self.config.sources.contains(&source)
    }

    fn row(&self, owner: &Owner, source: Source, api: Option<Api>, finding: Finding) -> SourceRow {
        let Finding { read, waits, failures } = finding;
        let (owner, credential) = (owner.clone(), self.credential.to_owned());
        SourceRow { owner, source, credential, api, read, waits, failures }
    }

    /// What comes of a question, unless it is known already that none can be asked.
    async fn once<T>(&self, asking: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let ended = self.patience().ended.clone();
        if let Some(failure) = ended {
            return Err(Failure { detail: format!("not asked after {}", failure.detail), ..failure });
        }
        let answer = asking.await;
        self.patience().learn(answer.as_ref().err());
        answer
    }

    fn patience(&self) -> MutexGuard<'_, Patience> {
        self.patience.lock()
    }

    /// Finds out which interface answers, and asks it for what it is wanted for.
    async fn usage(&self, owner: &Owner) -> Vec<SourceRow> {
        let wanted = self.config.api;
        if wanted == Some(Api::Usage) {
            let days = if self.asks(Source::Activity) { Some(self.days(owner, None).await) } else { None };
            return self.by_usage(owner, days).await;
        }
        let latest = self.find(owner, Report::EntityMonth, None).await;
        let days =
            async { self.days(owner, None).await.map(|days| Answer::Fresh(days, Validators::default())) };
        match Interface::find(wanted, &latest, days).await {
            Interface::Usage(days) => self.by_usage(owner, Some(Ok(days))).await,
            Interface::Reports => self.by_reports(owner, latest, Some(Api::Reports)).await,
            Interface::Unknown => self.by_reports(owner, latest, wanted).await,
        }
    }

    /// By the usage API; `days` are the owner's own, where they were asked for.
    async fn by_usage(&self, owner: &Owner, days: Option<Result<Vec<UsageDay>, Failure>>) -> Vec<SourceRow> {
        let api = Some(Api::Usage);
        let mut rows = Vec::new();
        if let Some(days) = days.filter(|_| self.asks(Source::Activity)) {
            let mut finding = Finding::default();
            if let Some(days) = finding.take(days) {
                finding.newest(days.iter().filter(|day| day.has_number()).map(|day| day.day));
            }
            rows.push(self.row(owner, Source::Activity, api, finding));
        }
        if self.asks(Source::Teams) {
            rows.push(self.row(owner, Source::Teams, api, self.teams_by_usage(owner).await));
        }
        rows
    }

    /// The first page of the team list, and the figures of the first team that is watched.
    async fn teams_by_usage(&self, owner: &Owner) -> Finding {
        let mut finding = Finding::default();
        let patterns = &self.config.teams;
        if patterns.is_none() {
            finding.reads("GITHUB_TEAMS=none: nothing is asked");
            return finding;
        }
        let listed = self.once(teams::first_teams(self.client, owner)).await;
        let Some(records) = finding.take(listed) else { return finding };
        let teams = watched(&records, patterns, owner);
        let by = if patterns.is_every() { "" } else { " by GITHUB_TEAMS" };
        finding.reads(format!("{} teams on the first page, {} selected{by}", records.len(), teams.len()));
        if let Some(team) = teams.first()
            && finding.take(self.days(owner, Some(&team.slug)).await).is_some()
        {
            finding.reads(format!("the figures of {}", team.slug));
        }
        finding
    }

    /// By reports; `latest` is the one of the latest 28 days.
    async fn by_reports(
        &self,
        owner: &Owner,
        latest: Result<Option<Files>, Failure>,
        api: Option<Api>,
    ) -> Vec<SourceRow> {
        let (mut activity, mut teams) = (Finding::default(), Finding::default());
        let asks_teams = self.asks(Source::Teams) && !self.config.teams.is_none();
        match latest {
            // Everything else depends on it, and is refused with it.
            Err(failure) => {
                teams.fails(failure.clone());
                activity.fails(failure);
            }
            Ok(files) => {
                let newest = self.newest(owner, files, &mut activity).await;
                self.people(owner, newest, &mut activity).await;
                if asks_teams {
                    teams = self.teams_by_reports(owner, newest).await;
                }
            }
        }
        let mut rows = Vec::new();
        if !asks_teams {
            teams = Finding::default();
            teams.reads("GITHUB_TEAMS=none: nothing is asked");
        } else if !self.asks(Source::Activity) {
            // They are joined with what people did.
            teams.absorb(std::mem::take(&mut activity));
        }
        if self.asks(Source::Activity) {
            rows.push(self.row(owner, Source::Activity, api, activity));
        }
        if self.asks(Source::Teams) {
            rows.push(self.row(owner, Source::Teams, api, teams));
        }
        rows
    }

    /// The newest day in the owner's own report.
    async fn newest(&self, owner: &Owner, files: Option<Files>, finding: &mut Finding) -> Option<NaiveDate> {
        let wanted = Wanted { report: Report::EntityMonth, owner, day: None };
        let Some(files) = files else {
            finding.waits_for("the report of the latest 28 days");
            return None;
        };
        let read: Result<Vec<EntityDay>, _> = reports::read(self.client, &wanted, files, Vec::new()).await;
        let days = finding.take(read)?;
        finding.newest(days.iter().filter(|day| has_number(day)).map(|day| day.day))
    }

    /// Whether the report about people may be read, and its file begun.
    async fn people(&self, owner: &Owner, newest: Option<NaiveDate>, finding: &mut Finding) {
        let report = if newest.is_some() { Report::UsersDay } else { Report::UsersMonth };
        let mut found = self.find(owner, report, newest).await;
        if let Some(day) = newest {
            found = judge(found, owner, (report, day), self.clock.now());
        }
        let files = finding.take(found);
        self.begin(files, "the report about people", finding).await;
    }

    /// Begins a file of a report that may be read, to see whether the host of the files can be reached.
    async fn begin(&self, files: Option<Option<Files>>, what: &str, finding: &mut Finding) {
        let Some(files) = files else { return };
        let Some(files) = files else { return finding.waits_for(what) };
        if finding.take(reports::begin(self.client, &files).await).is_some() {
            finding.reads(what);
        }
    }

    async fn teams_by_reports(&self, owner: &Owner, newest: Option<NaiveDate>) -> Finding {
        let mut finding = Finding::default();
        let now = self.clock.now();
        let day = newest.unwrap_or(now.date_naive() - PUBLISHED);
        let report = Report::UserTeamsDay;
        let found = self.find(owner, report, Some(day)).await;
        let what = format!("the report of who is in which team on {day}");
        let files = finding.take(judge(found, owner, (report, day), now));
        if self.config.teams.is_every() {
            self.begin(files, &what, &mut finding).await;
        } else {
            self.selected(owner, day, files, what, &mut finding).await;
        }
        finding
    }

    /// Reads the list of a day to the end: that GITHUB_TEAMS selects nothing is seen nowhere else.
    async fn selected(
        &self,
        owner: &Owner,
        day: NaiveDate,
        files: Option<Option<Files>>,
        what: String,
        finding: &mut Finding,
    ) {
        let Some(files) = files else { return };
        let Some(files) = files else { return finding.waits_for(what) };
        let wanted = Wanted { report: Report::UserTeamsDay, owner, day: Some(day) };
        let read = reports::read(self.client, &wanted, files, TeamList::of(day)).await;
        let Some(TeamList { slugs, .. }) = finding.take(read) else { return };
        let selected = slugs.values().filter(|slug| self.config.teams.select(owner, slug)).count();
        finding.reads(what);
        finding.reads(format!("{} teams, {selected} selected by GITHUB_TEAMS", slugs.len()));
    }

    async fn seats(&self, owner: &Owner) -> Finding {
        let mut finding = Finding::default();
        // GitHub counts the seats of organisations only.
        if matches!(owner, Owner::Org(_)) {
            let known = Validators::default();
            let counted = self.once(seats::breakdown(self.client, owner, &known)).await;
            if finding.take(counted).is_some() {
                finding.reads("GitHub's count");
            }
        }
        let total = self.once(seats::total(self.client, owner)).await;
        if let Some(total) = finding.take(total) {
            let people = total.map(|total| format!(" of {total} people")).unwrap_or_default();
            finding.reads(format!("the list{people}"));
        }
        finding
    }

    async fn billing(&self, owner: &Owner) -> Finding {
        let mut finding = Finding::default();
        let (today, known) = (self.clock.now().date_naive(), Validators::default());
        for meter in Meter::ALL {
            let what = match meter {
                Meter::AiCredits => "AI credits",
                Meter::PremiumRequests => "premium requests",
            };
            let costs = self.once(billing::costs(self.client, owner, meter, today, &known)).await;
            if finding.take(costs).is_some() {
                finding.reads(what);
            }
        }
        finding
    }

    async fn find(
        &self,
        owner: &Owner,
        report: Report,
        day: Option<NaiveDate>,
    ) -> Result<Option<Files>, Failure> {
        self.once(reports::find(self.client, &Wanted { report, owner, day })).await
    }

    async fn days(&self, owner: &Owner, team: Option<&str>) -> Result<Vec<UsageDay>, Failure> {
        let (window, known) = (Window::default(), Validators::default());
        match self.once(usage::days(self.client, owner, team, &window, &known)).await? {
            Answer::Fresh(days, _) => Ok(days),
            Answer::Unchanged | Answer::NotReady => Ok(Vec::new()),
        }
    }
}

impl Patience {
    fn learn(&mut self, failure: Option<&Failure>) {
        let silent = failure.filter(|failure| matches!(failure.reason, Reason::Timeout | Reason::Network));
        self.silence = if silent.is_some() { self.silence + 1 } else { 0 };
        self.answered |= silent.is_none();
        self.confirmed |= failure.is_none_or(|failure| failure.reason.is_answer());
        let Some(failure) = failure else { return };
        self.first.get_or_insert_with(|| failure.clone());
        if failure.reason.stops_round() || self.silence >= MOST_SILENCE {
            self.ended.get_or_insert_with(|| failure.clone());
        }
    }
}
