//! Faults on purpose.

use std::time::{Duration, Instant};

use ringback_host::{Effect, Fault, FaultPlan, StoreOperationKind as Kind};

use crate::support::{App, kv, post};

#[tokio::test]
async fn a_store_operation_fails_before_or_after_it_was_applied() {
    let plan = FaultPlan::new();
    let host = App::probe("").host().faults(plan.clone()).start().await.expect("starts");
    plan.add(Fault::store(Effect::FailBefore("lost".to_owned()), |op| op.keys == ["a"] && op.kind == Kind::Set).nth(2));
    plan.add(Fault::store(Effect::FailAfter("unsure".to_owned()), |op| op.kind == Kind::SetMany).times(1));
    let answers = kv(&host, "set a 1\nset a 2\nget a\nput b=1 c=2\nput b=3\nmany b c").await;
    let lost = r#"Err(Error::Other("lost"))"#;
    let unsure = r#"Err(Error::Other("unsure"))"#;
    assert_eq!(answers, ["Ok(())", lost, r#"Ok("1")"#, unsure, "Ok(())", "b=3 c=2"]);
}

#[tokio::test]
async fn a_store_operation_is_delayed() {
    let plan = FaultPlan::new();
    plan.add(Fault::store(Effect::Delay(Duration::from_millis(300)), |op| op.component == "probe").times(1));
    let host = App::probe("").host().faults(plan).start().await.expect("starts");
    let begin = Instant::now();
    assert_eq!(kv(&host, "get a").await, [r#"Ok("none")"#]);
    assert!(begin.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn an_outbound_request_fails_before_or_after_it_arrived() {
    let app = App::new(
        r#"
        spin_manifest_version = 2
        [application]
        name = "test"
        [[trigger.http]]
        route = "/..."
        component = "probe"
        [[trigger.http]]
        route = { private = true }
        component = "twin"
        [component.probe]
        source = "{guests}/probe.wasm"
        allowed_outbound_hosts = ["http://twin.spin.internal"]
        [component.twin]
        source = "{guests}/probe.wasm"
        "#,
    );
    let plan = FaultPlan::new();
    let host = app.host().faults(plan.clone()).start().await.expect("starts");
    let url = "http://twin.spin.internal/print/arrived";
    let arrivals = || host.logs().iter().filter(|line| line.text == "arrived on stdout").count();

    plan.add(Fault::outbound(Effect::FailBefore(String::new()), |request| request.uri.ends_with("/arrived")).nth(1));
    assert_eq!(post(&host, "/fetch", url).await.text, "error ErrorCode::ConnectionRefused");
    assert_eq!(arrivals(), 0);

    plan.clear();
    plan.add(Fault::outbound(Effect::FailAfter(String::new()), |request| request.component == "probe").nth(1));
    assert_eq!(post(&host, "/fetch", url).await.text, "error ErrorCode::ConnectionTerminated");
    assert_eq!(arrivals(), 1);
    assert_eq!(post(&host, "/fetch", url).await.text, "200 ");
}
