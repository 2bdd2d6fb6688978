//! What a person can change where GitHub refuses something: the same words on the overview page and in `check`.

use crate::{
    github::{Failure, Lack, Reason},
    owner::Owner,
    source::Source,
};

/// What to do about a source of an owner that fails for this reason; `lack` is what is lacking, where that is known.
pub fn of_source(owner: &Owner, source: Source, reason: Reason, lack: Option<&Lack>) -> String {
    parts_of_source(owner, source, reason, lack).join(" ")
}

/// The same in parts: what is the same for other sources is one of its own, to be said once for all of them.
pub fn parts_of_source(owner: &Owner, source: Source, reason: Reason, lack: Option<&Lack>) -> Vec<String> {
    let change = lack.map(|lack| change(owner, source, lack));
    let general = reason.advice();
    match reason {
        Reason::Forbidden => {
            let words = change.unwrap_or_else(|| needs(owner, source).into());
            vec![format!("{words} {WITHOUT}")]
        }
        Reason::NotFound => {
            let words = change.unwrap_or_else(|| needs(owner, source).into());
            let of_a_day = if source.is_usage() { OF_A_DAY } else { "" };
            vec![general.into(), format!("{of_a_day}{words} {WITHOUT}")]
        }
        Reason::PolicyDisabled => vec![format!("{general} {}", policy(owner))],
        Reason::Rejected if source == Source::Seats => vec![format!("{UNPAID} Else: {general}")],
        _ => vec![change.unwrap_or_else(|| general.into())],
    }
}

/// What to do about a credential that is refused as such.
pub fn of_credential(failure: &Failure) -> &'static str {
    match failure.lack {
        Some(Lack::Key) => KEY,
        Some(Lack::Installation) => INSTALL,
        Some(Lack::ActiveInstallation) => UNSUSPEND,
        _ => failure.reason.advice(),
    }
}

/// Only reports are of a day.
const OF_A_DAY: &str = "A report that is only missing for a day needs nothing from you. ";

/// How to do without.
const WITHOUT: &str = "Or leave the source out of EXPORTER_SOURCES.";

const UNPAID: &str = "By 422 GitHub says that there is a problem with the payment for Copilot: see Billing in the settings \
                      there.";

const KEY: &str = "Check that GITHUB_APP_ID and the private key belong together: both are under General in the App's \
                   settings. Check the clock of this machine, too.";

const INSTALL: &str = "Install the App there, by Install App in its settings, or set GITHUB_TOKEN or GITHUB_TOKEN_FILE \
                       for what it is not installed on.";

const UNSUSPEND: &str =
    "End the suspension: an owner can, under GitHub Apps in the settings of the account it is installed on.";

/// Where it is changed that something is lacking.
fn change(owner: &Owner, source: Source, lack: &Lack) -> String {
    match lack {
        Lack::Permissions(needed) => format!(
            "Give the fine-grained token {}, under Settings \u{203a} Developer settings \u{203a} Personal access tokens \
             \u{203a} Fine-grained tokens of its owner. Its resource owner must be {}, which may have to approve it.",
            permissions(needed),
            the(owner)
        ),
        // Whatever GitHub names: there is no such permission to give.
        Lack::AppPermissions(_) if !source.is_usage() && matches!(owner, Owner::Enterprise(_)) => {
            needs(owner, source).into()
        }
        Lack::AppPermissions(needed) => format!(
            "Give the App {}, under Permissions & events in its settings; then let an owner of {} accept it, under GitHub \
             Apps in the settings there.",
            permissions(needed),
            the(owner)
        ),
        Lack::Scopes { needed, .. } => format!(
            "Give the token one of the scopes {needed}, under Settings \u{203a} Developer settings \u{203a} Personal \
             access tokens \u{203a} Tokens (classic) of its owner. {}",
            role(owner, source)
        ),
        Lack::SingleSignOn => format!(
            "Authorise the token for {}, by Configure SSO beside it under Settings \u{203a} Developer settings \u{203a} \
             Personal access tokens \u{203a} Tokens (classic).",
            the(owner)
        ),
        Lack::Role => role(owner, source).into(),
        Lack::Installation => INSTALL.into(),
        Lack::ActiveInstallation => UNSUSPEND.into(),
        Lack::Key => KEY.into(),
    }
}

/// What GitHub's headers call a permission, and what its pages do.
const PERMISSIONS: [(&str, &str); 5] = [
    ("organization_copilot_metrics", "Organization Copilot metrics"),
    ("enterprise_copilot_metrics", "Enterprise Copilot metrics"),
    ("organization_copilot_seat_management", "GitHub Copilot Business"),
    ("organization_administration", "Administration"),
    ("members", "Members"),
];

/// Permissions by both of their names, as in `members=read (Members)`. By a header, any of those between semicolons will
/// do.
fn permissions(needed: &str) -> String {
    let named = |one: &str| {
        let known = PERMISSIONS.iter().find(|(name, _)| one.split('=').next() == Some(name));
        known.map_or_else(|| one.to_owned(), |(_, name)| format!("{one} ({name})"))
    };
    let all: Vec<_> = needed.split(';').map(|one| named(one.trim())).collect();
    format!("the permission {}", all.join(" or "))
}

const fn the(owner: &Owner) -> &'static str {
    match owner {
        Owner::Org(_) => "the organisation",
        Owner::Enterprise(_) => "the enterprise",
    }
}

/// Who the token's owner must be.
const fn role(owner: &Owner, source: Source) -> &'static str {
    match (owner, source) {
        (Owner::Org(_), Source::Activity | Source::Teams) => {
            "The token's owner must be an owner of the organisation, or have a role with \u{201c}View Organization Copilot \
             Metrics\u{201d}: see People and Organization roles in the organisation's settings."
        }
        (Owner::Org(_), Source::Seats | Source::Billing) => {
            "The token's owner must be an owner of the organisation: see People there."
        }
        (Owner::Enterprise(_), Source::Activity | Source::Teams) => {
            "The token's owner must be an owner or billing manager of the enterprise, or have a role with \u{201c}View Enterprise \
             Copilot Metrics\u{201d}: see People and Enterprise roles there."
        }
        (Owner::Enterprise(_), Source::Seats | Source::Billing) => {
            "The token's owner must be an owner or billing manager of the enterprise: see People there."
        }
    }
}

/// Where the policy is.
const fn policy(owner: &Owner) -> &'static str {
    match owner {
        Owner::Org(_) => {
            "It is among the policies for Copilot in the organisation's settings; where an enterprise decides, it must be \
             \u{201c}Enabled everywhere\u{201d} there."
        }
        Owner::Enterprise(_) => {
            "It is among the enterprise's policies for Copilot, and must be \u{201c}Enabled everywhere\u{201d}."
        }
    }
}

/// Who may read a source.
const fn needs(owner: &Owner, source: Source) -> &'static str {
    match (source, owner) {
        (Source::Activity, Owner::Org(_)) => {
            "Usage needs a classic token with read:org, or a fine-grained one or an App with the permission Organization \
             Copilot metrics to read (by the usage API manage_billing:copilot, or GitHub Copilot Business or \
             Administration to read), of an owner of the organisation or somebody with a role that may view it; \
             authorise it for single sign-on."
        }
        (Source::Teams, Owner::Org(_)) => {
            "Teams need what usage needs: a classic token with read:org, or a fine-grained one or an App with the \
             permission Organization Copilot metrics to read (by the usage API GitHub Copilot Business or Administration, \
             and Members, to read), of an owner of the organisation or somebody with a role that may view it; authorise \
             it for single sign-on."
        }
        (Source::Activity, Owner::Enterprise(_)) => {
            "The usage of an enterprise needs a classic token with manage_billing:copilot or read:enterprise of an owner or \
             billing manager, or by reports a fine-grained one or an App installed on the enterprise with the permission \
             Enterprise Copilot metrics to read."
        }
        (Source::Teams, Owner::Enterprise(_)) => {
            "The teams of an enterprise need a classic token with read:enterprise (by reports manage_billing:copilot will \
             do) of an owner or billing manager, or by reports a fine-grained one or an App installed on the enterprise \
             with the permission Enterprise Copilot metrics to read."
        }
        (Source::Seats, Owner::Org(_)) => {
            "Seats need a token of an owner of the organisation with manage_billing:copilot or read:org, or with the \
             fine-grained permission GitHub Copilot Business or Administration to read; authorise it for single sign-on."
        }
        (Source::Seats, Owner::Enterprise(_)) => {
            "The seats of an enterprise need a classic token of an owner or billing manager with manage_billing:copilot \
             or read:enterprise. No App may read them, and where one is installed on the enterprise no token is used: \
             leave it off the enterprise."
        }
        (Source::Billing, Owner::Org(_)) => {
            "Costs need a token of an administrator of the organisation, if it is a fine-grained one with the permission \
             Administration to read; and the organisation must be on GitHub's enhanced billing platform."
        }
        (Source::Billing, Owner::Enterprise(_)) => {
            "The costs of an enterprise need a classic token of one of its administrators or billing managers; and it \
             must be on GitHub's enhanced billing platform. No App may read them, and where one is installed on the \
             enterprise no token is used: leave it off the enterprise."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners() -> [Owner; 2] {
        [Owner::org("octo"), Owner::enterprise("octo")]
    }

    #[test]
    fn a_refusal_says_what_is_needed_or_where_to_change_it_and_how_to_do_without() {
        let lacks = [
            (None, "need"),
            (Some(Lack::Permissions("members=read".into())), "Fine-grained tokens"),
            (Some(Lack::AppPermissions("members=read".into())), "Permissions & events"),
            (Some(Lack::Scopes { needed: "read:org".into(), held: None }), "Tokens (classic)"),
            (Some(Lack::SingleSignOn), "Configure SSO"),
            (Some(Lack::Role), "People"),
        ];
        for (owner, whose) in owners().iter().zip(["the organisation", "the enterprise"]) {
            for source in Source::ALL {
                let no_app = !source.is_usage() && matches!(owner, Owner::Enterprise(_));
                for (lack, place) in &lacks {
                    let is_of_app = matches!(lack, Some(Lack::AppPermissions(_)));
                    let place = if is_of_app && no_app { &"leave it off" } else { place };
                    for reason in [Reason::Forbidden, Reason::NotFound] {
                        let words = of_source(owner, source, reason, lack.as_ref());
                        assert!(words.contains(place), "{owner} {source} {lack:?}: {words}");
                        assert!(words.ends_with(WITHOUT), "{words}");
                        assert!(lack.is_none() || words.contains(whose), "{words}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_teams_of_an_enterprise_need_more_by_the_usage_api() {
        let words = of_source(&owners()[1], Source::Teams, Reason::Forbidden, None);
        assert!(words.contains("read:enterprise (by reports manage_billing:copilot will do)"), "{words}");
    }

    #[test]
    fn the_seats_and_costs_of_an_enterprise_are_nothing_that_an_app_could_be_given() {
        let lack = Lack::AppPermissions("organization_administration=read".into());
        for source in [Source::Seats, Source::Billing] {
            for lack in [None, Some(&lack)] {
                let words = of_source(&owners()[1], source, Reason::Forbidden, lack);
                assert!(
                    words.contains("leave it off the enterprise") && !words.contains("Give the App"),
                    "{words}"
                );
            }
        }
    }

    #[test]
    fn what_a_credential_lacks_is_said_in_the_same_words_as_of_a_source() {
        for (lack, place) in [
            (Lack::Key, "the clock of this machine"),
            (Lack::Installation, "Install App"),
            (Lack::ActiveInstallation, "End the suspension"),
        ] {
            let of_source = of_source(&owners()[0], Source::Seats, Reason::Credential, Some(&lack));
            let words = of_credential(&Failure::new(Reason::Credential, "").lacking(lack));
            assert!(words.contains(place) && words == of_source, "{words}");
        }
        assert_eq!(of_credential(&Failure::new(Reason::Timeout, "")), Reason::Timeout.advice());
    }

    #[test]
    fn permissions_have_the_names_that_githubs_pages_have() {
        let lack =
            "organization_copilot_seat_management=read; organization_administration=read; new_one=read";
        let lack = Lack::AppPermissions(lack.into());
        let words = of_source(&owners()[0], Source::Seats, Reason::Forbidden, Some(&lack));
        let expected = "Give the App the permission organization_copilot_seat_management=read (GitHub Copilot Business) or \
                        organization_administration=read (Administration) or new_one=read, under Permissions & events";
        assert!(words.starts_with(expected), "{words}");
    }

    #[test]
    fn a_policy_is_said_to_be_where_it_is() {
        let words = owners().map(|owner| of_source(&owner, Source::Teams, Reason::PolicyDisabled, None));
        assert!(words[0].contains("in the organisation's settings"), "{}", words[0]);
        assert!(words[1].contains("the enterprise's policies"), "{}", words[1]);
        assert!(words.iter().all(|words| words.contains("\u{201c}Copilot usage metrics\u{201d}")));
    }

    #[test]
    fn every_other_reason_has_its_own_words_with_every_source() {
        for reason in Reason::ALL {
            for source in Source::ALL {
                let words = of_source(&owners()[0], source, reason, None);
                assert!(reason == Reason::Forbidden || words.contains(reason.advice()), "{words}");
            }
        }
        let unpaid = of_source(&owners()[0], Source::Seats, Reason::Rejected, None);
        assert!(unpaid.contains("a problem with the payment"));
        let other = of_source(&owners()[0], Source::Billing, Reason::Rejected, None);
        assert_eq!(other, Reason::Rejected.advice());
    }
}
