//! By which of GitHub's two interfaces an owner answers.

use crate::{
    github::{Answer, Failure, Reason, usage::UsageDay},
    source::Api,
};

/// What was found out.
#[derive(Debug)]
pub enum Interface {
    /// By reports: they are there, or nothing else is.
    Reports,
    /// By the usage API, which gave these days.
    Usage(Vec<UsageDay>),
    /// There was no answer.
    Unknown,
}

impl Interface {
    /// Finds it out, where `wanted` leaves that open: the usage API if reports do not exist for the owner and that does.
    /// `found` is what came of asking for the report of the latest 28 days; `usage` asks by the other interface, and is
    /// left alone where there is no need.
    pub async fn find<T>(
        wanted: Option<Api>,
        found: &Result<T, Failure>,
        usage: impl Future<Output = Result<Answer<Vec<UsageDay>>, Failure>>,
    ) -> Self {
        match found {
            Err(failure) if wanted.is_none() && failure.reason == Reason::NotFound => {}
            Err(failure) if !failure.reason.is_answer() => return Self::Unknown,
            _ => return Self::Reports,
        }
        match usage.await {
            Ok(Answer::Fresh(days, _)) => Self::Usage(days),
            Err(failure) if !failure.reason.is_answer() => Self::Unknown,
            Ok(_) | Err(_) => Self::Reports,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::Validators;

    async fn found(
        wanted: Option<Api>,
        report: Result<(), Reason>,
        usage: Result<Answer<Vec<UsageDay>>, Reason>,
    ) -> &'static str {
        let fail = |reason| Failure::new(reason, "");
        let usage = async { usage.map_err(fail) };
        match Interface::find(wanted, &report.map_err(fail), usage).await {
            Interface::Reports => "reports",
            Interface::Usage(_) => "usage",
            Interface::Unknown => "unknown",
        }
    }

    #[tokio::test]
    async fn the_usage_api_only_where_there_are_no_reports_and_it_answers() {
        let days = || Ok(Answer::Fresh(Vec::new(), Validators::default()));
        for (wanted, report, usage, expected) in [
            (None, Ok(()), days(), "reports"),
            (None, Err(Reason::Forbidden), days(), "reports"),
            (None, Err(Reason::NotFound), days(), "usage"),
            (None, Err(Reason::NotFound), Ok(Answer::NotReady), "reports"),
            (None, Err(Reason::NotFound), Err(Reason::Forbidden), "reports"),
            (None, Err(Reason::NotFound), Err(Reason::Timeout), "unknown"),
            (None, Err(Reason::Timeout), days(), "unknown"),
            (Some(Api::Reports), Err(Reason::NotFound), days(), "reports"),
        ] {
            assert_eq!(found(wanted, report, usage).await, expected, "{wanted:?} {report:?}");
        }
    }
}
