//! The exporter's own series: how asking went, what was left out, what is running.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Detail, Plan};
use crate::{
    clock::Instant,
    github::{Reason, app, endpoint::Endpoint, ledger::Ledger},
    model::{
        Snapshot,
        state::{Attempt, SourceState},
        view::OwnerView,
    },
    source::Source,
};

/// The codes that are to be expected; each has a series from the start.
const USUAL_CODES: [&str; 12] = [
    "200",
    "204",
    "304",
    "401",
    "403",
    "404",
    "429",
    "500",
    "502",
    "503",
    Reason::Network.word(),
    Reason::Timeout.word(),
];

/// What the exporter tells of itself.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    /// What is shown.
    pub snapshot: &'a Snapshot<'a>,
    /// What was asked.
    pub ledger: &'a Ledger,
    /// What of the data is served.
    pub plan: &'a Plan,
}

/// Takes one sample: the values of the metric's labels, in order, and the number.
pub type Emit<'e> = dyn FnMut(&[&str], f64) + 'e;

pub(super) fn build_info(_: &Service<'_>, emit: &mut Emit<'_>) {
    emit(&[env!("CARGO_PKG_VERSION"), env!("BUILD_REVISION"), env!("BUILD_RUSTC")], 1.0);
}

pub(super) fn api_info(service: &Service<'_>, emit: &mut Emit<'_>) {
    // Seats and bills are the same for both interfaces.
    let asked =
        service.snapshot.owners.iter().filter(|owner| owner.sources.keys().any(|source| source.is_usage()));
    for OwnerView { owner, api, .. } in asked {
        emit(&[owner.enterprise_label(), owner.org_label(), api.word()], 1.0);
    }
}

pub(super) fn source_up(service: &Service<'_>, emit: &mut Emit<'_>) {
    each_attempt(service, |labels, attempt| emit(&labels, flag(attempt.is_success())));
}

pub(super) fn source_waiting(service: &Service<'_>, emit: &mut Emit<'_>) {
    each_attempt(service, |labels, attempt| emit(&labels, flag(attempt.waiting)));
}

pub(super) fn source_last_success(service: &Service<'_>, emit: &mut Emit<'_>) {
    each_source(service, |labels, source| {
        if let Some(at) = source.last_success {
            emit(&labels, seconds(at));
        }
    });
}

pub(super) fn source_failures(service: &Service<'_>, emit: &mut Emit<'_>) {
    each_source(service, |[enterprise, org, word], source| {
        for reason in Reason::ALL {
            let count = source.failures.get(&reason).copied().unwrap_or_default();
            emit(&[enterprise, org, word, reason.word()], count as f64);
        }
    });
}

pub(super) fn targets(service: &Service<'_>, emit: &mut Emit<'_>) {
    each_attempt(service, |[enterprise, org, word], Attempt { targets, .. }| {
        for (state, count) in [("ok", targets.ok), ("no_data", targets.no_data), ("failing", targets.failing)]
        {
            emit(&[enterprise, org, word, state], count as f64);
        }
    });
}

pub(super) fn refresh_duration(service: &Service<'_>, emit: &mut Emit<'_>) {
    each_attempt(service, |labels, attempt| emit(&labels, attempt.took.as_secs_f64()));
}

pub(super) fn github_requests(service: &Service<'_>, emit: &mut Emit<'_>) {
    // A counter that appears with its first increment hides that increment from rate().
    let usual = endpoints(service).flat_map(|endpoint| {
        let made = (endpoint == Endpoint::InstallationToken).then_some("201");
        made.into_iter().chain(USUAL_CODES).map(move |code| ((endpoint, code), 0))
    });
    let mut counts: BTreeMap<(Endpoint, &str), u64> = usual.collect();
    counts.extend(
        service.ledger.requests.iter().map(|((endpoint, code), count)| ((*endpoint, &**code), *count)),
    );
    for ((endpoint, code), count) in counts {
        emit(&[endpoint.template(), code], count as f64);
    }
}

pub(super) fn rate_limit(service: &Service<'_>, emit: &mut Emit<'_>) {
    for (credential, limits) in &service.ledger.limits {
        if let Some(rate) = limits.rate {
            emit(&[credential], rate.limit as f64);
        }
    }
}

pub(super) fn rate_remaining(service: &Service<'_>, emit: &mut Emit<'_>) {
    for (credential, limits) in &service.ledger.limits {
        if let Some(rate) = limits.rate {
            emit(&[credential], rate.remaining as f64);
        }
    }
}

pub(super) fn rate_reset(service: &Service<'_>, emit: &mut Emit<'_>) {
    for (credential, limits) in &service.ledger.limits {
        if let Some(rate) = limits.rate {
            emit(&[credential], seconds(rate.reset));
        }
    }
}

pub(super) fn throttled(service: &Service<'_>, emit: &mut Emit<'_>) {
    for (credential, limits) in &service.ledger.limits {
        emit(&[credential], limits.throttled(service.ledger.at).as_secs_f64());
    }
}

pub(super) fn token_expiry(service: &Service<'_>, emit: &mut Emit<'_>) {
    for (credential, end) in &service.ledger.token_expiry {
        emit(&[credential], seconds(*end));
    }
}

pub(super) fn installations_up(service: &Service<'_>, emit: &mut Emit<'_>) {
    if let Some(listing) = &service.ledger.listing {
        emit(&[], flag(listing.is_ok()));
    }
}

pub(super) fn api_sunset(service: &Service<'_>, emit: &mut Emit<'_>) {
    for (endpoint, end) in &service.ledger.sunset {
        emit(&[endpoint.template()], seconds(*end));
    }
}

pub(super) fn unknown_fields(service: &Service<'_>, emit: &mut Emit<'_>) {
    let reports: BTreeSet<_> = endpoints(service).filter_map(Endpoint::report).collect();
    for report in reports {
        let count = service.ledger.unknown_fields.get(report).copied().unwrap_or_default();
        emit(&[report], count as f64);
    }
}

pub(super) fn folded(service: &Service<'_>, emit: &mut Emit<'_>) {
    for OwnerView { owner, folded, .. } in &service.snapshot.owners {
        for (label, count) in folded {
            emit(&[owner.enterprise_label(), owner.org_label(), label], *count as f64);
        }
    }
}

pub(super) fn series(service: &Service<'_>, emit: &mut Emit<'_>) {
    emit(&[], service.plan.series() as f64);
}

pub(super) fn series_dropped(service: &Service<'_>, emit: &mut Emit<'_>) {
    for detail in Detail::ALL {
        emit(&[detail.word()], service.plan.dropped(detail) as f64);
    }
}

pub(super) fn snapshot_time(service: &Service<'_>, emit: &mut Emit<'_>) {
    emit(&[], seconds(service.snapshot.at));
}

/// What can be asked about the owners: which interface answers for one may be yet to be found out.
fn endpoints<'a>(service: &Service<'a>) -> impl Iterator<Item = Endpoint> + 'a {
    let owners = &service.snapshot.owners;
    let is_app = service.ledger.limits.contains_key(app::NAME);
    Endpoint::ALL.into_iter().filter(move |endpoint| {
        let asks = |owner: &OwnerView<'_>| {
            endpoint.is_about(owner.owner)
                && sources(*endpoint).iter().any(|source| owner.sources.contains_key(source))
        };
        if endpoint.is_of_app() { is_app } else { owners.iter().any(asks) }
    })
}

/// The sources that ask it. The owner's own usage is also what tells which interface answers.
const fn sources(endpoint: Endpoint) -> &'static [Source] {
    match endpoint {
        Endpoint::OrgUsage
        | Endpoint::EnterpriseUsage
        | Endpoint::OrgReport(_)
        | Endpoint::EnterpriseReport(_) => &[Source::Activity, Source::Teams],
        Endpoint::OrgTeamUsage
        | Endpoint::EnterpriseTeamUsage
        | Endpoint::OrgTeams
        | Endpoint::EnterpriseTeams => &[Source::Teams],
        Endpoint::OrgBilling | Endpoint::OrgSeats | Endpoint::EnterpriseSeats => &[Source::Seats],
        Endpoint::OrgCosts(_) | Endpoint::EnterpriseCosts(_) => &[Source::Billing],
        Endpoint::Installations | Endpoint::InstallationToken => &[],
    }
}

fn each_source(service: &Service<'_>, mut show: impl FnMut([&str; 3], &SourceState)) {
    for OwnerView { owner, sources, .. } in &service.snapshot.owners {
        for (source, state) in *sources {
            show([owner.enterprise_label(), owner.org_label(), source.word()], state);
        }
    }
}

/// Only sources that have been tried: before that nothing is known of them.
fn each_attempt(service: &Service<'_>, mut show: impl FnMut([&str; 3], &Attempt)) {
    each_source(service, |labels, source| {
        if let Some(attempt) = &source.last {
            show(labels, attempt);
        }
    });
}

fn flag(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

/// A moment as Prometheus writes it: seconds since 1970, with milliseconds.
fn seconds(at: Instant) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;
    use crate::{
        github::{
            Failure,
            billing::Meter,
            budget::{Limits, RateLimit},
            endpoint::Report,
        },
        metrics::{TeamDetail, render},
        model::{State, Update, ViewOptions, state::Targets, view},
        owner::Owner,
    };

    const OPTIONS: ViewOptions = ViewOptions { history_days: 28, settle_days: 0, max_label_values: 50 };

    fn at(seconds: i64) -> Instant {
        Instant::from_timestamp(seconds, 0).unwrap()
    }

    fn attempt(at_second: i64, failures: &[(Reason, u64)]) -> Attempt {
        Attempt {
            at: at(at_second),
            took: Duration::from_millis(7500),
            failures: BTreeMap::from_iter(failures.iter().copied()),
            problem: failures.first().map(|(reason, _)| Failure::new(*reason, "")),
            waiting: failures.is_empty(),
            targets: Targets { ok: 1, no_data: 2, failing: 3 },
            next: at(0),
        }
    }

    fn ledger() -> Ledger {
        let mut limits = Limits::default();
        limits.rate = Some(RateLimit { limit: 5000, remaining: 17, reset: at(900) });
        limits.close(at(30), false, at(10));
        Ledger {
            requests: [
                ((Endpoint::OrgUsage, "200".to_owned()), 4),
                ((Endpoint::OrgTeams, "418".to_owned()), 1),
            ]
            .into(),
            unknown_fields: [("usage", 6)].into(),
            sunset: [(Endpoint::OrgUsage, at(1000))].into(),
            token_expiry: [("token".to_owned(), at(2000))].into(),
            limits: [("token".to_owned(), limits)].into(),
            listing: None,
            at: at(15),
        }
    }

    #[test]
    fn each_of_the_exporters_own_series_says_what_its_name_says() {
        let owner = Owner::enterprise("group");
        let mut state = State::new(&[owner.clone(), Owner::org("octo")], &Source::ALL.into());
        for attempt in [attempt(100, &[]), attempt(200, &[(Reason::Timeout, 2), (Reason::Decode, 1)])] {
            state.apply(Update::Attempt { owner: owner.clone(), source: Source::Teams, attempt });
        }
        let seats =
            Update::Attempt { owner: Owner::org("octo"), source: Source::Seats, attempt: attempt(300, &[]) };
        state.apply(seats);
        let snapshot = view(&state, at(300), &OPTIONS);
        let plan = Plan::of(&snapshot, TeamDetail::Core, 0);
        let text = render(&Service { snapshot: &snapshot, ledger: &ledger(), plan: &plan }).text();
        let teams = r#"enterprise="group",org="",source="teams""#;
        let seats = r#"enterprise="",org="octo",source="seats""#;
        let [version, revision, rustc] =
            [env!("CARGO_PKG_VERSION"), env!("BUILD_REVISION"), env!("BUILD_RUSTC")];
        for line in [
            format!("build_info{{version=\"{version}\",revision=\"{revision}\",rustc=\"{rustc}\"}} 1"),
            format!("source_up{{{seats}}} 1"),
            format!("source_waiting{{{seats}}} 1"),
            format!("source_up{{{teams}}} 0"),
            format!("source_waiting{{{teams}}} 0"),
            format!("source_last_success_timestamp_seconds{{{teams}}} 100"),
            format!("source_failures_total{{{teams},reason=\"timeout\"}} 2"),
            format!("source_failures_total{{{teams},reason=\"decode\"}} 1"),
            format!("source_failures_total{{{teams},reason=\"network\"}} 0"),
            format!("targets{{{teams},state=\"ok\"}} 1"),
            format!("targets{{{teams},state=\"no_data\"}} 2"),
            format!("targets{{{teams},state=\"failing\"}} 3"),
            format!("refresh_duration_seconds{{{teams}}} 7.5"),
            r#"api_info{enterprise="group",org="",api="usage"} 1"#.to_owned(),
            r#"github_requests_total{endpoint="/orgs/{org}/copilot/usage",code="200"} 4"#.to_owned(),
            r#"github_requests_total{endpoint="/orgs/{org}/copilot/usage",code="304"} 0"#.to_owned(),
            r#"github_requests_total{endpoint="/orgs/{org}/teams",code="418"} 1"#.to_owned(),
            r#"github_rate_limit_limit{credential="token"} 5000"#.to_owned(),
            r#"github_rate_limit_remaining{credential="token"} 17"#.to_owned(),
            r#"github_rate_limit_reset_timestamp_seconds{credential="token"} 900"#.to_owned(),
            r#"throttled_seconds_total{credential="token"} 5"#.to_owned(),
            r#"token_expiry_timestamp_seconds{credential="token"} 2000"#.to_owned(),
            r#"api_sunset_timestamp_seconds{endpoint="/orgs/{org}/copilot/usage"} 1000"#.to_owned(),
            r#"unknown_fields_total{report="usage"} 6"#.to_owned(),
            r#"folded_label_values{enterprise="group",org="",label="language"} 0"#.to_owned(),
            "series 0".to_owned(),
            r#"series_dropped{detail="team_daily"} 0"#.to_owned(),
            "snapshot_timestamp_seconds 300".to_owned(),
        ] {
            let line = format!("github_copilot_exporter_{line}");
            assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
        }
        assert!(
            !text.contains(r#"source_up{enterprise="group",org="",source="activity"}"#),
            "not tried, not known"
        );
    }

    /// The labels and the number of each sample that is shown of an owner of whom these sources are asked.
    fn shown(
        show: fn(&Service<'_>, &mut Emit<'_>),
        owner: Owner,
        sources: &[Source],
        ledger: &Ledger,
    ) -> Vec<(String, f64)> {
        let state = State::new(&[owner], &sources.iter().copied().collect());
        let snapshot = view(&state, at(300), &OPTIONS);
        let mut shown = Vec::new();
        show(&Service { snapshot: &snapshot, ledger, plan: &Plan::default() }, &mut |labels, number| {
            shown.push((labels.join(" "), number));
        });
        shown
    }

    #[test]
    fn every_endpoint_that_can_be_asked_has_its_usual_codes_from_the_start_and_no_other_has_any() {
        let reports = [
            Report::EntityDay,
            Report::EntityMonth,
            Report::UsersDay,
            Report::UsersMonth,
            Report::UserTeamsDay,
        ];
        let of_org = [vec![Endpoint::OrgUsage], reports.map(Endpoint::OrgReport).to_vec()];
        let of_enterprise = [
            vec![Endpoint::EnterpriseUsage, Endpoint::EnterpriseTeamUsage, Endpoint::EnterpriseTeams],
            reports.map(Endpoint::EnterpriseReport).to_vec(),
        ];
        let meters = [Meter::AiCredits, Meter::PremiumRequests];
        let (org, enterprise) = (Owner::org("octo"), Owner::enterprise("group"));
        for (owner, source, expected) in [
            (&org, Source::Activity, of_org.concat()),
            (&enterprise, Source::Teams, of_enterprise.concat()),
            (&org, Source::Seats, vec![Endpoint::OrgBilling, Endpoint::OrgSeats]),
            (&enterprise, Source::Seats, vec![Endpoint::EnterpriseSeats]),
            (&org, Source::Billing, meters.map(Endpoint::OrgCosts).to_vec()),
            (&enterprise, Source::Billing, meters.map(Endpoint::EnterpriseCosts).to_vec()),
        ] {
            let app = [Endpoint::Installations, Endpoint::InstallationToken];
            for (credential, of_app) in [("token", &[][..]), (app::NAME, &app)] {
                let ledger = Ledger {
                    limits: [(credential.to_owned(), Limits::default())].into(),
                    ..Ledger::default()
                };
                let shown = shown(github_requests, owner.clone(), &[source], &ledger);
                let usual = expected.iter().chain(of_app).flat_map(|endpoint| {
                    let made = (*endpoint == Endpoint::InstallationToken).then_some("201");
                    made.into_iter().chain(USUAL_CODES).map(|code| format!("{} {code}", endpoint.template()))
                });
                let usual: BTreeSet<_> = usual.collect();
                assert_eq!(shown.len(), usual.len(), "each once");
                assert!(shown.iter().all(|(_, count)| *count == 0.0));
                assert_eq!(shown.into_iter().map(|(labels, _)| labels).collect::<BTreeSet<_>>(), usual);
            }
        }
    }

    #[test]
    fn an_interface_is_told_only_of_owners_whose_usage_is_asked_for() {
        for (source, expected) in [
            (Source::Activity, &[" octo usage"][..]),
            (Source::Teams, &[" octo usage"]),
            (Source::Seats, &[]),
            (Source::Billing, &[]),
        ] {
            let shown = shown(api_info, Owner::org("octo"), &[source], &Ledger::default());
            assert_eq!(shown.into_iter().map(|(labels, _)| labels).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn where_the_app_is_installed_was_read_or_not_and_without_a_look_nothing_is_known() {
        let failed = Failure::new(Reason::Timeout, "");
        for (listing, expected) in [(None, None), (Some(Ok(())), Some(1.0)), (Some(Err(failed)), Some(0.0))] {
            let ledger = Ledger { listing, ..Ledger::default() };
            let shown = shown(installations_up, Owner::org("octo"), &[], &ledger);
            assert_eq!(shown, Vec::from_iter(expected.map(|up| (String::new(), up))));
        }
    }
}
