//! Which path is what.
//!
//! ```text
//! /rate_limit                                          what is left of the caller's rate limit
//! /versions                                            the versions of the API
//! /app                                                 the GitHub App that asks, by a JSON web token; so too:
//! /app/installations                                   where it is installed
//! /orgs/{org}/installation, /enterprises/{enterprise}/installation
//! POST /app/installations/{installation_id}/access_tokens
//!                                                      a new token for an hour
//! /orgs/{org}/teams                                    the teams of an organisation
//! /orgs/{org}/copilot/usage                            usage of an organisation
//! /orgs/{org}/team/{team_slug}/copilot/usage           usage of one of its teams (singular "team")
//! /enterprises/{enterprise}/teams, …/copilot/usage, …/team/{team_slug}/copilot/usage
//! /orgs/{org}/copilot/billing                          an organisation's Copilot subscription
//! /orgs/{org}/copilot/billing/seats                    who has a seat; also of the enterprise
//! /enterprises/{enterprise}/copilot/billing/seats
//! /organizations/{org}/settings/billing/ai_credit/usage, …/premium_request/usage
//!                                                      what use costs; here `organizations` has logins
//! /enterprises/{enterprise}/settings/billing/ai_credit/usage, …/premium_request/usage
//! /orgs/{org}/copilot/metrics/reports/{report}         links to the files of a report, see `reports`
//! /enterprises/{enterprise}/copilot/metrics/reports/{report}
//! /organizations/{id}/team, …/copilot/usage, …/team/{team_id}/copilot/usage, …/copilot/billing/seats
//!                                                      the numeric twins that `Link` headers lead to
//! ```

use super::credits::Meter;
use super::reports::Report;
use super::world::{Entity, Kind, Team, World};

/// What a path asks for. Whether it exists is another question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The caller's rate limit.
    RateLimit,
    /// The versions of the API.
    Versions,
    /// What an App may know of itself.
    App(AppRoute),
    /// A view of an organisation, an enterprise or a team.
    View(View, OwnerName, Option<TeamName>),
}

/// What an App asks as itself, with a JSON web token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AppRoute {
    /// The App.
    About,
    /// Where it is installed.
    Installations,
    /// Whether and how it is installed on an account.
    Installation(OwnerName),
    /// A new token of the installation of that number.
    Mint(String),
}

/// What can be seen of an organisation, an enterprise or a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// The list of teams.
    Teams,
    /// Copilot usage by day.
    Usage,
    /// An organisation's Copilot subscription.
    Billing,
    /// The list of seats.
    Seats,
    /// What use costs.
    Spending(Meter),
    /// Where the files of a report are.
    Report(Report),
}

/// An owner as the path names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OwnerName {
    /// An organisation by login.
    Org(String),
    /// An organisation by numeric id.
    OrgId(String),
    /// An enterprise by slug.
    Enterprise(String),
}

/// A team as the path names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TeamName {
    /// By slug.
    Slug(String),
    /// By numeric id.
    Id(String),
}

/// What a path was found to mean: an organisation or enterprise of the company, or one of its teams.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'w> {
    pub(super) entity: &'w Entity,
    pub(super) team: Option<&'w Team>,
}

impl Route {
    /// The route of a path; `None` for a path GitHub does not have, which a trailing slash makes of any.
    pub(super) fn of(path: &str) -> Option<Self> {
        let segments: Vec<String> = path.strip_prefix('/')?.split('/').map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments[..] {
            ["rate_limit"] => Some(Self::RateLimit),
            ["versions"] => Some(Self::Versions),
            ["app"] => Some(Self::App(AppRoute::About)),
            ["app", "installations"] => Some(Self::App(AppRoute::Installations)),
            ["app", "installations", id, "access_tokens"] => Some(Self::App(AppRoute::Mint(id.into()))),
            ["orgs", org, "installation"] => {
                Some(Self::App(AppRoute::Installation(OwnerName::Org(org.into()))))
            }
            ["enterprises", slug, "installation"] => {
                Some(Self::App(AppRoute::Installation(OwnerName::Enterprise(slug.into()))))
            }
            ["orgs", org, "copilot", "metrics", "reports", ref report @ ..] => {
                let owner = OwnerName::Org(org.into());
                Report::of(Kind::Organisation, report)
                    .map(|report| Self::View(View::Report(report), owner, None))
            }
            ["enterprises", slug, "copilot", "metrics", "reports", ref report @ ..] => {
                let owner = OwnerName::Enterprise(slug.into());
                Report::of(Kind::Enterprise, report)
                    .map(|report| Self::View(View::Report(report), owner, None))
            }
            // The only path that has a login after `organizations`.
            ["organizations", org, "settings", "billing", meter, "usage"] => Meter::named(meter)
                .map(|meter| Self::View(View::Spending(meter), OwnerName::Org(org.into()), None)),
            ["enterprises", slug, "settings", "billing", meter, "usage"] => Meter::named(meter)
                .map(|meter| Self::View(View::Spending(meter), OwnerName::Enterprise(slug.into()), None)),
            ["orgs", org, ref rest @ ..] => {
                Self::view(rest, "teams", OwnerName::Org(org.into()), TeamName::Slug)
            }
            ["organizations", id, ref rest @ ..] => {
                Self::view(rest, "team", OwnerName::OrgId(id.into()), TeamName::Id)
            }
            ["enterprises", slug, ref rest @ ..] => {
                Self::view(rest, "teams", OwnerName::Enterprise(slug.into()), TeamName::Slug)
            }
            _ => None,
        }
    }

    fn view(rest: &[&str], list: &str, owner: OwnerName, team_name: fn(String) -> TeamName) -> Option<Self> {
        match *rest {
            [teams] if teams == list => Some(Self::View(View::Teams, owner, None)),
            ["copilot", "billing"] if !matches!(owner, OwnerName::Enterprise(_)) => {
                Some(Self::View(View::Billing, owner, None))
            }
            ["copilot", "billing", "seats"] => Some(Self::View(View::Seats, owner, None)),
            ["copilot", "usage"] => Some(Self::View(View::Usage, owner, None)),
            ["team", team, "copilot", "usage"] => {
                Some(Self::View(View::Usage, owner, Some(team_name(team.into()))))
            }
            _ => None,
        }
    }
}

impl OwnerName {
    /// The owner of this name.
    pub(super) fn find<'w>(&self, world: &'w World) -> Option<&'w Entity> {
        match self {
            Self::Org(login) => world.orgs().iter().find(|org| org.login.eq_ignore_ascii_case(login)),
            Self::OrgId(id) => world.orgs().iter().find(|org| is_id(org.id, id)),
            Self::Enterprise(slug) => {
                Some(world.enterprise()).filter(|enterprise| enterprise.login.eq_ignore_ascii_case(slug))
            }
        }
    }
}

impl TeamName {
    /// The team of this name.
    pub(super) fn find<'w>(&self, owner: &'w Entity) -> Option<&'w Team> {
        match self {
            Self::Slug(slug) => owner.teams.iter().find(|team| team.slug.eq_ignore_ascii_case(slug)),
            Self::Id(id) => owner.teams.iter().find(|team| is_id(team.id, id)),
        }
    }
}

impl Place<'_> {
    /// The path that `Link` headers use for a view of this place: ids where GitHub has them.
    pub(super) fn path(&self, view: View) -> String {
        let Entity { id, login, kind, .. } = self.entity;
        let (owner, list) = match kind {
            Kind::Organisation => (format!("/organizations/{id}"), "team"),
            Kind::Enterprise => (format!("/enterprises/{login}"), "teams"),
        };
        match (view, self.team, kind) {
            (View::Teams, ..) => format!("{owner}/{list}"),
            (View::Report(report), ..) => format!("{owner}/copilot/metrics/reports/{}", report.path(*kind)),
            (View::Billing, ..) => format!("{owner}/copilot/billing"),
            (View::Seats, ..) => format!("{owner}/copilot/billing/seats"),
            (View::Spending(meter), ..) => format!("{owner}/settings/billing/{}/usage", meter.name()),
            (View::Usage, None, _) => format!("{owner}/copilot/usage"),
            (View::Usage, Some(team), Kind::Organisation) => {
                format!("{owner}/team/{}/copilot/usage", team.id)
            }
            (View::Usage, Some(team), Kind::Enterprise) => {
                format!("{owner}/team/{}/copilot/usage", team.slug)
            }
        }
    }
}

/// Whether `text` is this id, written the one way GitHub writes it.
fn is_id(id: u64, text: &str) -> bool {
    id.to_string() == text
}

/// A path segment without percent-encoding; what is no encoding stays as it is.
fn decoded(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .filter(|hex| bytes[at] == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        plain.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_path_of_the_table_is_found() {
        let org = || OwnerName::Org("octo".into());
        let id = || OwnerName::OrgId("42".into());
        let enterprise = || OwnerName::Enterprise("corp".into());
        let slug = || Some(TeamName::Slug("ent:core".into()));
        for (path, expected) in [
            ("/rate_limit", Route::RateLimit),
            ("/versions", Route::Versions),
            ("/app", Route::App(AppRoute::About)),
            ("/app/installations", Route::App(AppRoute::Installations)),
            ("/app/installations/7/access_tokens", Route::App(AppRoute::Mint("7".into()))),
            ("/orgs/octo/installation", Route::App(AppRoute::Installation(org()))),
            ("/enterprises/corp/installation", Route::App(AppRoute::Installation(enterprise()))),
            ("/orgs/octo/teams", Route::View(View::Teams, org(), None)),
            ("/orgs/octo/copilot/usage", Route::View(View::Usage, org(), None)),
            ("/orgs/octo/team/ent%3Acore/copilot/usage", Route::View(View::Usage, org(), slug())),
            ("/orgs/octo/copilot/billing", Route::View(View::Billing, org(), None)),
            ("/orgs/octo/copilot/billing/seats", Route::View(View::Seats, org(), None)),
            ("/organizations/42/copilot/billing/seats", Route::View(View::Seats, id(), None)),
            ("/enterprises/corp/copilot/billing/seats", Route::View(View::Seats, enterprise(), None)),
            (
                "/organizations/octo/settings/billing/ai_credit/usage",
                Route::View(View::Spending(Meter::AiCredits), org(), None),
            ),
            (
                "/enterprises/corp/settings/billing/premium_request/usage",
                Route::View(View::Spending(Meter::PremiumRequests), enterprise(), None),
            ),
            ("/organizations/42/team", Route::View(View::Teams, id(), None)),
            ("/organizations/42/copilot/usage", Route::View(View::Usage, id(), None)),
            (
                "/organizations/42/team/7/copilot/usage",
                Route::View(View::Usage, id(), Some(TeamName::Id("7".into()))),
            ),
            (
                "/orgs/octo/copilot/metrics/reports/users-28-day/latest",
                Route::View(View::Report(Report::UsersMonth), org(), None),
            ),
            (
                "/enterprises/corp/copilot/metrics/reports/enterprise-1-day",
                Route::View(View::Report(Report::EntityDay), enterprise(), None),
            ),
            ("/enterprises/corp/teams", Route::View(View::Teams, enterprise(), None)),
            ("/enterprises/corp/copilot/usage", Route::View(View::Usage, enterprise(), None)),
            ("/enterprises/corp/team/ent:core/copilot/usage", Route::View(View::Usage, enterprise(), slug())),
        ] {
            assert_eq!(Route::of(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn anything_else_is_no_path_of_github() {
        for path in [
            "",
            "/",
            "*",
            "//",
            "/orgs",
            "/orgs/octo",
            "/orgs/octo/",
            "/orgs/octo/teams/",
            "/orgs/octo/copilot/usage/",
            "/orgs/octo/teams/core/copilot/usage",
            "/organizations/42/teams",
            "/organizations/42/copilot/metrics/reports/users-1-day",
            "/orgs/octo/copilot/metrics/reports",
            "/orgs/octo/copilot/metrics/reports/users-1-day/",
            "/orgs/octo/copilot/metrics/reports/enterprise-1-day",
            "/enterprises/corp/copilot/billing",
            "/orgs/octo/copilot/billing/seats/",
            "/orgs/octo/copilot/seats",
            "/orgs/octo/settings/billing/ai_credit/usage",
            "/organizations/octo/settings/billing/ai_credits/usage",
            "/organizations/octo/settings/billing/usage",
            "/Orgs/octo/teams",
            "/rate_limit/",
            "/app/",
            "/app/installations/7",
            "/app/installations/7/access_tokens/",
            "/organizations/42/installation",
        ] {
            assert_eq!(Route::of(path), None, "{path}");
        }
    }

    #[test]
    fn percent_encoding_is_undone_and_half_of_it_left_alone() {
        for (segment, expected) in [
            ("a%2Fb", "a/b"),
            ("%c3%a9", "é"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("a+b", "a+b"),
            ("%+1", "%+1"),
        ] {
            assert_eq!(decoded(segment), expected);
        }
    }

    proptest! {
        #[test]
        fn no_path_panics(path in ".*") {
            let _ = Route::of(&path);
        }
    }
}
