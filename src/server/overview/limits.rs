//! What GitHub allows: requests left by credential, and the ends it has announced.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{sources::time, words};
use crate::{
    clock::Instant,
    github::{
        Failure, app,
        budget::{Limits, RateLimit},
        ledger::Ledger,
    },
    model::advice,
};

/// The section; nothing before GitHub has told anything.
pub(super) fn section(ledger: &Ledger, now: Instant) -> Option<Markup> {
    let known: BTreeSet<&String> = ledger.limits.keys().chain(ledger.token_expiry.keys()).collect();
    (!known.is_empty() || !ledger.sunset.is_empty()).then(|| {
        html! {
            section.card {
                h2 { "GitHub\u{2019}s limits" }
                dl {
                    @for name in known {
                        div { dt { code { (name) } } dd { (credential(ledger, name, now)) } }
                    }
                    @for (endpoint, end) in &ledger.sunset {
                        div { dt { code { (endpoint.template()) } } dd { p { "GitHub announces its end: " (time(*end)) "." } } }
                    }
                }
            }
        }
    })
}

fn credential(ledger: &Ledger, name: &str, now: Instant) -> Markup {
    let limits = ledger.limits.get(name);
    let closed = limits.and_then(|limits| limits.closed(now));
    let spread = limits.filter(|_| closed.is_none()).and_then(|limits| limits.spread(now));
    html! {
        @match limits {
            Some(Limits { rate: Some(rate), .. }) => p { (left(rate, now)) },
            _ => p { "GitHub has told no limit yet." },
        }
        @if let Some(closed) = closed {
            p.closed {
                @if closed.for_others { "The last tenth is left to other users of the credential" }
                @else { "GitHub\u{2019}s limit is reached" }
                ": nothing is asked until " (time(closed.until)) ", " (words::until(closed.until, now)) "."
            }
        }
        @if let Some(spread) = spread {
            p { "Half is spent: at most one request every " (format!("{:.1}", spread.as_secs_f64())) " s until then." }
        }
        @if let (app::NAME, Some(Err(failure @ Failure { reason, detail, .. }))) = (name, &ledger.listing) {
            p.closed { code.reason { (reason) } " " span.detail { (detail) } }
            p.advice { strong { "Advice: " } (advice::of_credential(failure)) }
        }
        @if let Some(end) = ledger.token_expiry.get(name) { p { (expiry(*end, now)) } }
    }
}

fn left(rate: &RateLimit, now: Instant) -> Markup {
    html! {
        strong { (words::unsigned(rate.remaining)) } " of " (words::unsigned(rate.limit)) " requests left, "
        @if rate.reset > now { "all again at " (time(rate.reset)) ", " (words::until(rate.reset, now)) }
        @else { "as of the last answer; all again since " (time(rate.reset)) }
    }
}

fn expiry(end: Instant, now: Instant) -> Markup {
    html! {
        @if end > now { "The token ends " (words::until(end, now)) ", on " (time(end)) "." }
        @else { "The token has ended on " (time(end)) ": replace it." }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::github::endpoint::Endpoint;

    fn noon() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn ledger(reset: i64, closed: Option<i64>) -> Ledger {
        let at = |minutes| noon() + TimeDelta::minutes(minutes);
        let mut limits = Limits::default();
        limits.rate = Some(RateLimit { limit: 5000, remaining: 4812, reset: at(reset) });
        if let Some(closed) = closed {
            limits.close(at(closed), false, at(closed - 10));
        }
        let mut ledger = Ledger::default();
        ledger.limits.insert("token".to_owned(), limits);
        ledger
    }

    fn show(ledger: &Ledger) -> String {
        section(ledger, noon()).unwrap().into_string()
    }

    #[test]
    fn what_is_left_is_told_with_the_reset_and_a_past_reset_as_past() {
        let html = show(&ledger(22, None));
        assert!(html.contains("<strong>4,812</strong> of 5,000 requests left, all again at"), "{html}");
        assert!(html.contains("22 Nov 2026, 12:22 UTC</time>, in 22 minutes"), "{html}");
        assert!(!html.contains("nothing is asked"), "{html}");
        let html = show(&ledger(-22, None));
        assert!(html.contains("all again since") && html.contains("11:38 UTC"), "{html}");
    }

    #[test]
    fn a_closed_limit_is_told_only_while_it_is_closed() {
        assert!(show(&ledger(22, Some(7))).contains("nothing is asked until"));
        assert!(!show(&ledger(22, Some(-7))).contains("nothing is asked until"));
    }

    #[test]
    fn announced_ends_are_shown_and_without_any_news_there_is_no_section() {
        assert!(section(&Ledger::default(), noon()).is_none());
        let mut ledger = Ledger::default();
        ledger.token_expiry.insert("token".to_owned(), noon() + TimeDelta::days(39));
        ledger.sunset.insert(Endpoint::OrgUsage, noon());
        let html = show(&ledger);
        assert!(html.contains("The token ends in 39 days"), "{html}");
        assert!(html.contains("/orgs/{org}/copilot/usage"), "{html}");
        ledger.token_expiry.insert("token".to_owned(), noon());
        assert!(show(&ledger).contains("The token has ended"));
    }
}
