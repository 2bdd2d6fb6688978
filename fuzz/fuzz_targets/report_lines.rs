//! Files of reports, from their bytes to what is served: an owner's, people's, and who is in which team.
//!
//! The input is the three files, one after the other with a zero byte between them.
#![no_main]

use std::{collections::BTreeMap, sync::Arc};

use chrono::{Days as Span, NaiveDate};
use github_copilot_exporter::{
    github::{
        Failure, Reason,
        records::Records as Cutter,
        reports::{EntityDay, Fold},
    },
    model::{
        Records, Update,
        memberships::{Memberships, TeamList},
        people::{Days, People},
        state::PeopleNews,
    },
    refresh::teams::Teams,
    source::Api,
};
use github_copilot_exporter_fuzz::{all_teams, empty, noon, octo, show};
use libfuzzer_sys::fuzz_target;

/// So many bytes come at a time.
const PIECE: usize = 61;

/// Folds a file as a download does.
fn fold<F: Fold>(file: &[u8], whole: &mut F) -> Result<(), Failure> {
    let mut own = whole.begin();
    let unfit = |words: &str| Failure::new(Reason::Decode, words);
    let mut each = |record: &[u8]| {
        for row in serde_json::Deserializer::from_slice(record).into_iter() {
            own.row(row.map_err(|_| unfit("no record"))?).map_err(unfit)?;
        }
        Ok(())
    };
    let mut records = Cutter::default();
    for piece in file.chunks(PIECE) {
        records.push(piece, &mut each)?;
    }
    records.finish(&mut each)?;
    whole.merge(own);
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    let mut files = data.split(|byte| *byte == 0);
    let mut file = || files.next().unwrap_or_default();
    let (owners, people, lists) = (file(), file(), file());
    let day: NaiveDate = "2026-11-17".parse().expect("a day");

    let mut days = Vec::<EntityDay>::new();
    // A file that is none leaves no trace, and the others count.
    let _ = fold(owners, &mut days);
    let mut list = TeamList::of(day);
    let listed = fold(lists, &mut list).is_ok();
    let mut teams = Teams::default();
    teams.learn(day, &list.slugs);
    let mut memberships = Memberships::default();
    if listed {
        memberships.add(list);
    }
    let wanted = Days::These(vec![day - Span::new(1), day]);
    let mut counted = People::of(wanted, Arc::new(memberships), day).with_team_detail(true);
    let _ = fold(people, &mut counted);
    let (counted, _) = counted.finish();

    let mut state = empty().speaking(Api::Reports);
    let days = Some(Records::Report { days, languages: counted.is_empty(), shown_from: day });
    state.apply(Update::Teams { owner: octo(), teams: teams.watched(&all_teams(), &octo()) });
    state.apply(Update::Days { owner: octo(), team: None, days, at: noon() });
    let news = PeopleNews {
        days: counted,
        seated: BTreeMap::new(),
        reach: BTreeMap::new(),
        shared_from: day,
        at: noon(),
    };
    state.apply(Update::People { owner: octo(), news: Box::new(news) });
    show(&state);
});
