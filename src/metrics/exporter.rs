//! The exporter's own series: how asking went, what was left out, what is running.

use super::plan::{Detail, Plan};
use crate::{
    clock::Instant,
    github::{Reason, endpoint::Endpoint, ledger::Ledger},
    model::{
        Snapshot,
        state::{Attempt, SourceState},
        view::OwnerView,
    },
    source::{Api, Source},
};

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
    for OwnerView { owner, .. } in &service.snapshot.owners {
        emit(&[owner.enterprise_label(), owner.org_label(), Api::Usage.word()], 1.0);
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
    let asked = &service.ledger.requests;
    for endpoint in Endpoint::ALL {
        // A counter that appears with its first increment hides that increment from rate().
        if !asked.contains_key(&(endpoint, "200".to_owned())) {
            emit(&[endpoint.template(), "200"], 0.0);
        }
    }
    for ((endpoint, code), count) in asked {
        emit(&[endpoint.template(), code], *count as f64);
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
        emit(&[credential], limits.throttled.as_secs_f64());
    }
}

pub(super) fn token_expiry(service: &Service<'_>, emit: &mut Emit<'_>) {
    for (credential, end) in &service.ledger.token_expiry {
        emit(&[credential], seconds(*end));
    }
}

pub(super) fn api_sunset(service: &Service<'_>, emit: &mut Emit<'_>) {
    for (endpoint, end) in &service.ledger.sunset {
        emit(&[endpoint.template()], seconds(*end));
    }
}

pub(super) fn unknown_fields(service: &Service<'_>, emit: &mut Emit<'_>) {
    let reports: std::collections::BTreeSet<_> =
        Endpoint::ALL.iter().filter_map(|endpoint| endpoint.report()).collect();
    for report in reports {
        let count = service.ledger.unknown_fields.get(report).copied().unwrap_or_default();
        emit(&[report], count as f64);
    }
}

pub(super) fn folded(service: &Service<'_>, emit: &mut Emit<'_>) {
    for OwnerView { owner, folded, .. } in &service.snapshot.owners {
        for (label, count) in folded {
            emit(&[owner.enterprise_label(), owner.org_label(), label.name()], *count as f64);
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

fn each_source(service: &Service<'_>, mut show: impl FnMut([&str; 3], &SourceState)) {
    for OwnerView { owner, sources, .. } in &service.snapshot.owners {
        for (source, state) in *sources {
            show([owner.enterprise_label(), owner.org_label(), Source::word(*source)], state);
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
