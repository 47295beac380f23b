//! What a page of the desk costs: reads of the store and bytes, with many cases.

use super::reachable;
use crate::answers::with;
use ringback_tests::{ADMIN, AGENT, EXECUTIVE, LEAD, World};
use serde_json::json;

/// The cookie of a new session.
pub async fn session(world: &World, token: &str) -> String {
    let form = format!("next=/desk&token={token}");
    let sign_in = world.post("/desk/sign-in").header("content-type", "application/x-www-form-urlencoded").bytes(form);
    sign_in.send().await.expect(303).header("set-cookie").split(';').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn no_page_costs_more_than_a_few_reads_or_a_hundred_kilobytes() {
    let Some(world) = World::with_clock().await else { return };
    let mut first = String::new();
    for i in 0..400 {
        let customer = json!({ "id": format!("C-{}", i % 60), "name": "Somebody", "email": format!("{}@example.com", i % 60), "phone": format!("+49 30 {}", i % 60) });
        let id = world.take(&with(reachable(), &json!({ "customer": customer, "comment": "Ärger ".repeat(60) }))).await;
        if i == 0 {
            first = id;
        }
    }
    world.sealed().await;
    let _ = world.work(&first, &json!({ "type": "acknowledge", "note": "n" })).await.expect(200);
    world.sealed().await;
    let case = format!("/desk/cases/{first}");
    let version = format!("{case}/version");
    let next = format!("/desk/next?after={first}");
    let pages: [(&str, &[&str]); 4] = [
        (
            AGENT,
            &[
                "/desk",
                "/desk?view=nobody",
                "/desk?view=all",
                "/desk?view=all&queue=care",
                "/desk?view=closed",
                &case,
                &version,
                &next,
            ],
        ),
        (
            LEAD,
            &[
                "/desk/team",
                "/desk/team?queue=care",
                "/desk/team?track=automation",
                "/desk/team/today",
                "/desk/team/feed",
                "/desk/silences",
                "/desk/letters",
            ],
        ),
        (ADMIN, &["/desk/admin"]),
        (EXECUTIVE, &["/desk/improvements"]),
    ];
    // What the answers set in motion is done, so that only the pages read.
    world.quiet().await;
    for (token, paths) in pages {
        let cookie = session(&world, token).await;
        for path in paths {
            // The first request makes the instance, which opens the ledger.
            let _ = world.get(path).header("cookie", cookie.as_str()).send().await;
            let before = world.store_operations().reads();
            let page = world.get(path).header("cookie", cookie.as_str()).send().await;
            let reads = world.store_operations().reads() - before;
            println!("{path}: {reads} reads, {} bytes", page.body.len());
            assert!(page.status < 400, "{path}: {}", page.status);
            // The jump to the next case is no page: it looks at two lists.
            assert!(reads <= if path.starts_with("/desk/next") { 20 } else { 12 }, "{path}: {reads} reads");
            assert!(page.body.len() < 100_000, "{path}: {} bytes", page.body.len());
        }
    }
}
