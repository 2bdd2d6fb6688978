//! The endpoints that are asked, each path written once.

use url::Url;

use super::{
    billing::{self, Meter},
    seats,
};
use crate::owner::Owner;

/// One endpoint of GitHub's REST API. All but one are `GET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// An organisation's usage.
    OrgUsage,
    /// The usage of a team of an organisation. GitHub spells it with a singular `team`.
    OrgTeamUsage,
    /// An enterprise's usage.
    EnterpriseUsage,
    /// The usage of an enterprise team.
    EnterpriseTeamUsage,
    /// The teams of an organisation.
    OrgTeams,
    /// The enterprise teams.
    EnterpriseTeams,
    /// A report about an organisation.
    OrgReport(Report),
    /// The same report about an enterprise.
    EnterpriseReport(Report),
    /// An organisation's seats, counted by GitHub.
    OrgBilling,
    /// An organisation's seats, one by one.
    OrgSeats,
    /// An enterprise's seats, one by one.
    EnterpriseSeats,
    /// What a meter of an organisation shows.
    OrgCosts(Meter),
    /// What a meter of an enterprise shows.
    EnterpriseCosts(Meter),
    /// Where an App is installed.
    Installations,
    /// Makes a token for one of an App's installations: `POST`.
    InstallationToken,
}

/// One of the usage metrics reports that every organisation and every enterprise has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Report {
    /// The owner as a whole on one day.
    EntityDay,
    /// The owner as a whole on each of the latest 28 days.
    EntityMonth,
    /// Everybody who was active on one day.
    UsersDay,
    /// Everybody who was active on each of the latest 28 days.
    UsersMonth,
    /// Who was in which team on one day.
    UserTeamsDay,
}

impl Endpoint {
    /// All of them, in the order of their series.
    pub const ALL: [Self; 25] = [
        Self::OrgUsage,
        Self::OrgTeamUsage,
        Self::EnterpriseUsage,
        Self::EnterpriseTeamUsage,
        Self::OrgTeams,
        Self::EnterpriseTeams,
        Self::OrgReport(Report::EntityDay),
        Self::OrgReport(Report::EntityMonth),
        Self::OrgReport(Report::UsersDay),
        Self::OrgReport(Report::UsersMonth),
        Self::OrgReport(Report::UserTeamsDay),
        Self::EnterpriseReport(Report::EntityDay),
        Self::EnterpriseReport(Report::EntityMonth),
        Self::EnterpriseReport(Report::UsersDay),
        Self::EnterpriseReport(Report::UsersMonth),
        Self::EnterpriseReport(Report::UserTeamsDay),
        Self::OrgBilling,
        Self::OrgSeats,
        Self::EnterpriseSeats,
        Self::OrgCosts(Meter::AiCredits),
        Self::OrgCosts(Meter::PremiumRequests),
        Self::EnterpriseCosts(Meter::AiCredits),
        Self::EnterpriseCosts(Meter::PremiumRequests),
        Self::Installations,
        Self::InstallationToken,
    ];

    /// The path as GitHub documents it: also the `endpoint` label.
    pub const fn template(self) -> &'static str {
        match self {
            Self::OrgUsage => "/orgs/{org}/copilot/usage",
            Self::OrgTeamUsage => "/orgs/{org}/team/{team_slug}/copilot/usage",
            Self::EnterpriseUsage => "/enterprises/{enterprise}/copilot/usage",
            Self::EnterpriseTeamUsage => "/enterprises/{enterprise}/team/{team_slug}/copilot/usage",
            Self::OrgTeams => "/orgs/{org}/teams",
            Self::EnterpriseTeams => "/enterprises/{enterprise}/teams",
            Self::OrgReport(report) => report.of_org(),
            Self::EnterpriseReport(report) => report.of_enterprise(),
            Self::OrgBilling => "/orgs/{org}/copilot/billing",
            Self::OrgSeats => "/orgs/{org}/copilot/billing/seats",
            Self::EnterpriseSeats => "/enterprises/{enterprise}/copilot/billing/seats",
            Self::OrgCosts(Meter::AiCredits) => "/organizations/{org}/settings/billing/ai_credit/usage",
            Self::OrgCosts(Meter::PremiumRequests) => {
                "/organizations/{org}/settings/billing/premium_request/usage"
            }
            Self::EnterpriseCosts(Meter::AiCredits) => {
                "/enterprises/{enterprise}/settings/billing/ai_credit/usage"
            }
            Self::EnterpriseCosts(Meter::PremiumRequests) => {
                "/enterprises/{enterprise}/settings/billing/premium_request/usage"
            }
            Self::Installations => "/app/installations",
            Self::InstallationToken => "/app/installations/{installation_id}/access_tokens",
        }
    }

    /// The `report` label under which fields that the exporter does not know are counted. Of the team list it reads
    /// two fields out of dozens, so there the rest is no news.
    pub const fn report(self) -> Option<&'static str> {
        match self {
            Self::OrgUsage | Self::OrgTeamUsage | Self::EnterpriseUsage | Self::EnterpriseTeamUsage => {
                Some("usage")
            }
            Self::OrgTeams | Self::EnterpriseTeams | Self::Installations | Self::InstallationToken => None,
            Self::OrgReport(report) | Self::EnterpriseReport(report) => Some(report.record()),
            Self::OrgBilling | Self::OrgSeats | Self::EnterpriseSeats => Some("seats"),
            Self::OrgCosts(_) | Self::EnterpriseCosts(_) => Some("billing"),
        }
    }

    /// Fields that GitHub documents and the exporter does not read, so that they are no news; nor is what stands within
    /// them.
    pub(super) const fn unread(self) -> &'static [&'static str] {
        match self {
            Self::OrgBilling => seats::UNREAD_SETTINGS,
            Self::OrgSeats | Self::EnterpriseSeats => seats::UNREAD,
            Self::OrgCosts(_) | Self::EnterpriseCosts(_) => billing::UNREAD,
            _ => &[],
        }
    }

    /// Where the usage of an owner, or of one of its teams, is asked for.
    pub const fn usage(owner: &Owner, team: Option<&str>) -> Self {
        match (owner, team) {
            (Owner::Org(_), None) => Self::OrgUsage,
            (Owner::Org(_), Some(_)) => Self::OrgTeamUsage,
            (Owner::Enterprise(_), None) => Self::EnterpriseUsage,
            (Owner::Enterprise(_), Some(_)) => Self::EnterpriseTeamUsage,
        }
    }

    /// Where the team list of an owner is asked for.
    pub const fn teams(owner: &Owner) -> Self {
        match owner {
            Owner::Org(_) => Self::OrgTeams,
            Owner::Enterprise(_) => Self::EnterpriseTeams,
        }
    }

    /// Where a report about an owner is asked for.
    pub const fn of_report(report: Report, owner: &Owner) -> Self {
        match owner {
            Owner::Org(_) => Self::OrgReport(report),
            Owner::Enterprise(_) => Self::EnterpriseReport(report),
        }
    }

    /// Where the seats of an owner are listed.
    pub const fn seats(owner: &Owner) -> Self {
        match owner {
            Owner::Org(_) => Self::OrgSeats,
            Owner::Enterprise(_) => Self::EnterpriseSeats,
        }
    }

    /// Where a meter of an owner is read.
    pub const fn costs(meter: Meter, owner: &Owner) -> Self {
        match owner {
            Owner::Org(_) => Self::OrgCosts(meter),
            Owner::Enterprise(_) => Self::EnterpriseCosts(meter),
        }
    }

    /// Whether an App asks it as itself.
    pub const fn is_of_app(self) -> bool {
        matches!(self, Self::Installations | Self::InstallationToken)
    }

    /// Whether it is asked about owners of this kind.
    pub fn is_about(self, owner: &Owner) -> bool {
        if self.is_of_app() {
            return false;
        }
        let of_enterprise = self.template().starts_with("/enterprises/");
        of_enterprise == matches!(owner, Owner::Enterprise(_))
    }

    /// The path with the names in it, for people.
    pub fn path(self, owner: &Owner, team: Option<&str>) -> String {
        self.segments(owner, team).fold(String::new(), |path, segment| path + "/" + segment)
    }

    /// The address under `base`, names percent-encoded. A base with a path of its own (`…/api/v3`) keeps it.
    pub fn url(self, base: &Url, owner: &Owner, team: Option<&str>) -> Url {
        under(base, self.segments(owner, team))
    }

    /// The address of what an App asks as itself, for one of its installations where it is about one.
    pub fn url_of_app(self, base: &Url, installation: &str) -> Url {
        let segments = self.template().split('/').skip(1);
        under(
            base,
            segments.map(|segment| if segment == "{installation_id}" { installation } else { segment }),
        )
    }

    fn segments<'a>(self, owner: &'a Owner, team: Option<&'a str>) -> impl Iterator<Item = &'a str> {
        self.template().split('/').skip(1).map(move |segment| match segment {
            "{org}" | "{enterprise}" => owner.name(),
            "{team_slug}" => team.unwrap_or_default(),
            literal => literal,
        })
    }
}

fn under<'a>(base: &Url, segments: impl Iterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    url.path_segments_mut()
        .expect("the configuration admits http(s) addresses only")
        .pop_if_empty()
        .extend(segments);
    url
}

impl Report {
    const fn of_org(self) -> &'static str {
        match self {
            Self::EntityDay => "/orgs/{org}/copilot/metrics/reports/organization-1-day",
            Self::EntityMonth => "/orgs/{org}/copilot/metrics/reports/organization-28-day/latest",
            Self::UsersDay => "/orgs/{org}/copilot/metrics/reports/users-1-day",
            Self::UsersMonth => "/orgs/{org}/copilot/metrics/reports/users-28-day/latest",
            Self::UserTeamsDay => "/orgs/{org}/copilot/metrics/reports/user-teams-1-day",
        }
    }

    const fn of_enterprise(self) -> &'static str {
        match self {
            Self::EntityDay => "/enterprises/{enterprise}/copilot/metrics/reports/enterprise-1-day",
            Self::EntityMonth => "/enterprises/{enterprise}/copilot/metrics/reports/enterprise-28-day/latest",
            Self::UsersDay => "/enterprises/{enterprise}/copilot/metrics/reports/users-1-day",
            Self::UsersMonth => "/enterprises/{enterprise}/copilot/metrics/reports/users-28-day/latest",
            Self::UserTeamsDay => "/enterprises/{enterprise}/copilot/metrics/reports/user-teams-1-day",
        }
    }

    /// The kind of its records: the same for one day and for many.
    pub const fn record(self) -> &'static str {
        match self {
            Self::EntityDay | Self::EntityMonth => "entity",
            Self::UsersDay | Self::UsersMonth => "users",
            Self::UserTeamsDay => "user_teams",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_carry_the_names_percent_encoded_under_any_base() {
        let base = |text: &str| Url::parse(text).unwrap();
        let org = Owner::org("Octo");
        let cases = [
            (
                Endpoint::OrgUsage,
                "https://api.github.com",
                None,
                "https://api.github.com/orgs/octo/copilot/usage",
            ),
            (
                Endpoint::OrgTeamUsage,
                "https://api.github.com/",
                Some("a/b c"),
                "https://api.github.com/orgs/octo/team/a%2Fb%20c/copilot/usage",
            ),
            (
                Endpoint::OrgTeams,
                "https://ghe.example/api/v3/",
                None,
                "https://ghe.example/api/v3/orgs/octo/teams",
            ),
            (
                Endpoint::EnterpriseTeamUsage,
                "https://api.github.com",
                Some("ent:core"),
                "https://api.github.com/enterprises/octo/team/ent:core/copilot/usage",
            ),
        ];
        for (endpoint, at, team, expected) in cases {
            assert_eq!(endpoint.url(&base(at), &org, team).as_str(), expected);
        }
    }
}
