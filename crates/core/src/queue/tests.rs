//! The roster: who is chosen, who loses a place to whom, and that nobody ever gets more than they can work.

use super::*;
use proptest::prelude::*;

fn queue(choice: Choice, members: &[(&str, u16)]) -> Queue {
    let member = |(name, per_day): &(&str, u16)| Member { name: (*name).to_owned(), per_day: *per_day };
    Queue {
        id: QueueId::new("care").unwrap(),
        members: members.iter().map(member).collect(),
        choice,
        calendar: None,
        accounts: BTreeMap::from([("A-1".to_owned(), "grace".to_owned())]),
    }
}

fn applicant(case: &str, worth: u32) -> Applicant {
    Applicant { case: case.to_owned(), worth, account: None }
}

/// Decides of cases in order; answers who got each, `-` for automation.
fn play(queue: &Queue, roster: &mut Roster, cases: &[(&str, u32)]) -> Vec<String> {
    let decided = |(case, worth): &(&str, u32)| {
        let applicant = applicant(case, *worth);
        match roster.decide(queue, &applicant) {
            Decision::Person { member, .. } => member,
            Decision::Automation { .. } => "-".to_owned(),
            Decision::InsteadOf(loser) => match roster.replace(&loser, &applicant) {
                Some(Decision::Person { member, .. }) => format!("{member} for {loser}"),
                other => panic!("{other:?}"),
            },
        }
    };
    cases.iter().map(decided).collect()
}

#[test]
fn members_are_chosen_by_the_queues_policy() {
    let cases = [("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1), ("f", 1)];
    let members = [("ada", 4), ("grace", 2)];
    let (mut shares, mut turns) = (Roster::default(), Roster::default());
    assert_eq!(
        play(&queue(Choice::LeastLoaded, &members), &mut shares, &cases),
        ["ada", "grace", "ada", "ada", "grace", "ada"],
        "by the share of the day that is used up"
    );
    assert_eq!(
        play(&queue(Choice::RoundRobin, &members), &mut turns, &cases),
        ["ada", "grace", "ada", "grace", "ada", "ada"]
    );
    let (owned, mut roster) = (queue(Choice::AccountOwner, &[("ada", 9), ("grace", 1)]), Roster::default());
    for (case, expected, reason) in [
        ("a", "grace", "owns the account; 1 of 1 on"),
        ("b", "ada", "least loaded, as grace, who owns the account, has no room; 1 of 9 on"),
    ] {
        let applicant = Applicant { account: Some("A-1".to_owned()), ..applicant(case, 1) };
        let Decision::Person { member, why } = roster.decide(&owned, &applicant) else { panic!("{case}") };
        assert_eq!(member, expected);
        assert!(why.starts_with(reason), "{why}");
    }
}

#[test]
fn when_the_day_is_full_more_worth_goes_before_less_unless_it_is_being_worked() {
    let care = queue(Choice::LeastLoaded, &[("ada", 1), ("grace", 1)]);
    let mut roster = Roster::default();
    let cases = [("a", 4), ("b", 2), ("c", 2), ("d", 3), ("e", 9), ("f", 4)];
    assert_eq!(play(&care, &mut roster, &cases), ["ada", "grace", "-", "grace for b", "grace for d", "-"]);
    let losers: Vec<&str> = roster.losers.iter().map(|loser| loser.case.as_str()).collect();
    assert_eq!(losers, ["b", "d"]);
    assert_eq!(roster.losers[0].why, "a case of worth 3 came before this one of worth 2; 1970-01-01 is full");
    let told = roster.losers[..1].to_vec();
    roster.forget(&told);
    assert_eq!(roster.losers[0].case, "d");
    roster.make_firm("a");
    assert_eq!(play(&care, &mut roster, &[("g", 8)]), ["-"], "the case of worth 4 is being worked");
    let next = roster.day.succ_opt().unwrap();
    roster.turn_to(next);
    assert_eq!(play(&care, &mut roster, &[("h", 1)]), ["ada"], "a new day");
    roster.turn_to(next.pred_opt().unwrap());
    assert_eq!(roster.day, next);
}

#[test]
fn what_comes_at_night_counts_for_the_next_working_day() {
    let calendar = crate::calendar::tests::calendar("Europe/Berlin", &["Mon-Fri 09:00-17:00"], &["2026-12-25"]);
    let care = Queue { calendar: Some(calendar), ..queue(Choice::LeastLoaded, &[("ada", 1)]) };
    for (at, day) in [
        ("2026-12-23T10:00:00Z", "2026-12-23"),
        ("2026-12-23T15:59:59Z", "2026-12-23"),
        ("2026-12-23T16:00:00Z", "2026-12-24"),
        ("2026-12-24T20:00:00Z", "2026-12-28"),
    ] {
        assert_eq!(care.day(at.parse().unwrap()).to_string(), day, "{at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_day_goes_to_the_cases_of_most_worth_and_to_nobody_more_than_they_can_work(
        worths in prop::collection::vec(1u32..13, 1..60),
        members in prop::collection::vec(1u16..6, 1..5),
        choice in prop::sample::select(vec![Choice::LeastLoaded, Choice::RoundRobin, Choice::AccountOwner]),
    ) {
        let members: Vec<(String, u16)> = members.iter().enumerate().map(|(i, n)| (format!("m{i}"), *n)).collect();
        let named: Vec<(&str, u16)> = members.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        let (care, mut roster) = (queue(choice, &named), Roster::default());
        let cases: Vec<String> = (0..worths.len()).map(|i| format!("c{i}")).collect();
        for (case, worth) in cases.iter().zip(&worths) {
            let decided = play(&care, &mut roster, &[(case, *worth)]);
            if decided[0] != "-" {
                let again = play(&care, &mut roster.clone(), &[(case, *worth)]);
                prop_assert_eq!(decided[0].split(' ').next(), again[0].split(' ').next(), "asked again");
            }
            for member in &care.members {
                prop_assert!(roster.load(member) <= usize::from(member.per_day));
            }
        }
        prop_assert_eq!(roster.places.len(), worths.len().min(care.capacity()));
        let mut got: Vec<u32> = roster.places.iter().map(|place| place.worth).collect();
        let mut best = worths.clone();
        best.sort_unstable_by(|a, b| b.cmp(a));
        best.truncate(care.capacity());
        got.sort_unstable_by(|a, b| b.cmp(a));
        prop_assert_eq!(got, best);
    }
}
