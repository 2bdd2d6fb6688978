//! Who has a seat and what it costs, as a few facts.

use maud::{Markup, html};

use super::words;
use crate::model::{
    overview::{CostsOverview, OwnerOverview, SeatsOverview},
    seats::{Class, People},
};

/// Everything that is known of either; nothing if that is nothing.
pub(super) fn facts(owner: &OwnerOverview) -> Option<Markup> {
    (owner.seats.is_some() || owner.costs.is_some()).then(|| {
        html! {
            @if let Some(seats) = &owner.seats { (of_seats(seats)) }
            @if let Some(costs) = &owner.costs { (of_costs(costs)) }
        }
    })
}

fn of_seats(seats: &SeatsOverview) -> Markup {
    html! {
        div.side {
            h3 { "Seats" }
            dl.facts {
                @if let Some(total) = seats.total { (fact("All seats", &words::count(total), "as GitHub counts them")) }
                @if let Some(people) = &seats.people { (of_people(people)) }
            }
        }
    }
}

fn of_people(people: &People) -> Markup {
    let idle = |class| words::unsigned(people.of(class));
    html! {
        (fact("Recently active", &words::unsigned(people.recently_active()), &share(people)))
        (fact("Idle for a week", &idle(Class::IdleWeek), "last used 7 to 28 days ago; among the recently active"))
        (fact("Idle for a month", &idle(Class::IdleMonth), "last used 28 to 90 days ago"))
        (fact("Idle for longer", &idle(Class::IdleQuarter), "over 90 days, or never used"))
        (fact("New", &idle(Class::New), "at most 7 days old and not used yet"))
    }
}

fn share(people: &People) -> String {
    match people.all() {
        0 => "nobody has a seat".to_owned(),
        all => {
            let share = words::percent(people.recently_active() as f64 / all as f64);
            format!("{share} of the people with a seat, within 28 days")
        }
    }
}

fn of_costs(CostsOverview { month, is_complete, total }: &CostsOverview) -> Markup {
    let dollars = |amount: Option<f64>| amount.map_or_else(|| "\u{2013}".to_owned(), words::dollars);
    html! {
        div.side {
            h3 { "Cost of " time datetime=(month.format("%Y-%m")) { (words::month(*month)) } ", up to now" }
            dl.facts {
                (fact("To be paid", &dollars(total.net), "US dollars, without seat fees"))
                (fact("Price", &dollars(total.gross), "US dollars, of all that was used"))
            }
            @if !is_complete {
                p.note { "This is a part: AI credits and premium requests are asked for apart, and one of them was not read." }
            }
        }
    }
}

fn fact(name: &str, number: &str, meaning: &str) -> Markup {
    html! { div { dt { (name) } dd { (number) small { (meaning) } } } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::billing::Amounts, owner::Owner, source::Api};

    fn owner(seats: Option<SeatsOverview>, costs: Option<CostsOverview>) -> OwnerOverview {
        OwnerOverview {
            owner: Owner::org("octo"),
            api: Api::Reports,
            languages_only: false,
            latest: None,
            days: Vec::new(),
            seats,
            costs,
            sources: Vec::new(),
        }
    }

    fn show(seats: Option<SeatsOverview>, costs: Option<CostsOverview>) -> String {
        facts(&owner(seats, costs)).unwrap().into_string()
    }

    #[test]
    fn what_is_not_known_has_no_place_and_no_zero() {
        assert!(facts(&owner(None, None)).is_none());
        let html = show(Some(SeatsOverview { total: Some(1_234), people: None }), None);
        assert!(
            html.contains("1,234") && !html.contains("Recently active") && !html.contains("Cost"),
            "{html}"
        );
        let html = show(Some(SeatsOverview { total: None, people: Some(People::default()) }), None);
        assert!(
            !html.contains("All seats") && html.contains("nobody has a seat") && !html.contains("NaN"),
            "{html}"
        );
    }

    #[test]
    fn the_bill_says_which_month_it_is_of() {
        let total = Amounts { gross: Some(1_009.75), discount: Some(0.0), net: None };
        let costs = |is_complete| CostsOverview { month: "2026-11-01".parse().unwrap(), is_complete, total };
        assert!(show(None, Some(costs(false))).contains("This is a part"));
        let html = show(None, Some(costs(true)));
        assert!(!html.contains("This is a part"), "{html}");
        assert!(html.contains(r#"<time datetime="2026-11">November 2026</time>"#), "{html}");
        assert!(html.contains("$1,009.75") && html.contains("\u{2013}"), "{html}");
    }
}
