//! The service asks itself over its own socket, so that this example can be checked without another program.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vecperf::Report;

use crate::Failure;

/// Asks `count` questions, every tenth with the wrong number of dimensions, and then for the metrics.
pub(crate) async fn ask(address: SocketAddr, count: usize) -> Result<(), Failure> {
    for i in 0..count {
        let dimensions = if i % 10 == 9 { 15 } else { 16 };
        let vector: Vec<f32> = (0..dimensions).map(|d| ((i + d) % 50) as f32).collect();
        let body = format!("{{\"vector\":{vector:?},\"k\":5}}");
        let answer = request(address, "POST /search", &body).await?;
        let expected = if dimensions == 16 {
            "200 OK"
        } else {
            "400 Bad Request"
        };
        if !answer.contains(expected) {
            return Err(format!("question {i}: expected {expected}, got {answer}").into());
        }
    }
    let metrics = request(address, "GET /metrics", "").await?;
    if metrics.contains("vecperf_operation_duration_seconds") {
        Ok(())
    } else {
        Err(format!("the metrics do not speak of operations: {metrics}").into())
    }
}

/// The report must agree with what was asked.
pub(crate) fn judge(report: &Report) -> Result<(), Failure> {
    let search = report
        .run
        .operations
        .iter()
        .find(|operation| operation.name == "search");
    match search {
        Some(search) if (search.ok, search.errors) == (180, 20) => Ok(()),
        other => Err(format!("180 answers and 20 errors were expected: {other:?}").into()),
    }
}

async fn request(address: SocketAddr, line: &str, body: &str) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
