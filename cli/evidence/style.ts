/** The report's look. Colours are chosen for contrast in both schemes; a mark says the same as each colour. */
export const STYLE = `
:root { color-scheme: light dark; --bg: #f6f7f9; --card: #fff; --text: #1b2330; --dim: #5b6675; --line: #d9dee5;
  --good: #1a7f4b; --bad: #c0282d; --good-bg: #e3f4ea; --bad-bg: #fbe6e6; --track: #e9ecf1; }
@media (prefers-color-scheme: dark) { :root { --bg: #11151b; --card: #1a2029; --text: #e6eaf0; --dim: #9aa6b6; --line: #2c3542;
  --good: #4cc486; --bad: #ff7b7b; --good-bg: #16301f; --bad-bg: #3a1a1c; --track: #252d38; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 16px 64px; }
header { display: flex; flex-wrap: wrap; gap: 8px 28px; align-items: center; padding: 20px 24px; border-radius: 12px; border: 2px solid; }
header.good { background: var(--good-bg); border-color: var(--good); } header.bad { background: var(--bad-bg); border-color: var(--bad); }
header p { margin: 0; } h1 { margin: 0; font-size: 22px; } h2 { font-size: 17px; margin: 32px 0 10px; }
.verdict { font-size: 34px; font-weight: 700; letter-spacing: .02em; }
.good .verdict, .ok { color: var(--good); } .bad .verdict, .no { color: var(--bad); }
.when, small { color: var(--dim); font-size: 13px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 12px; margin-top: 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; display: flex; flex-direction: column; }
.card span { color: var(--dim); font-size: 13px; } .card strong { font-size: 21px; }
.card.good strong { color: var(--good); } .card.bad strong { color: var(--bad); }
.gauge { height: 6px; border-radius: 3px; background: var(--track); overflow: hidden; margin: 4px 0 2px; }
.gauge i { display: block; height: 100%; min-width: 2px; background: var(--good); } .bad .gauge i { background: var(--bad); }
.failures { border-left: 4px solid var(--bad); padding: 2px 16px; margin-top: 20px; background: var(--bad-bg); }
.failures h2 { margin: 10px 0 4px; } .failures li { overflow-wrap: anywhere; }
.timeline { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 8px 16px; }
.row { display: grid; grid-template-columns: minmax(120px, 250px) 1fr 92px; gap: 14px; align-items: center; padding: 5px 0; border-top: 1px solid var(--line); }
.row.head { border: 0; } .row b { font-weight: 600; } .row b small { display: block; font-weight: 400; line-height: 1.3; }
.row em { font-style: normal; white-space: nowrap; text-align: right; font-variant-numeric: tabular-nums; }
.track { position: relative; height: 18px; background: var(--track); border-radius: 4px; overflow: hidden; }
.track i { position: absolute; top: 0; bottom: 0; border-radius: 3px; background: var(--good); } .track i.bad { background: var(--bad); }
.axis { position: relative; height: 18px; font-size: 12px; color: var(--dim); }
.axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; } .axis span:first-child { transform: none; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; background: var(--card); }
th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--dim); font-weight: 600; font-size: 13px; white-space: nowrap; }
details { margin-top: 32px; } summary { font-size: 17px; font-weight: 700; cursor: pointer; margin-bottom: 10px; }
@media (max-width: 620px) { .row { grid-template-columns: 1fr 92px; } .row .track, .row .axis { grid-column: 1 / -1; order: 3; } }
@media print { body { background: none; } }
`;
