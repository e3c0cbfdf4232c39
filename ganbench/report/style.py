"""The style sheet of a page: light and dark, wide and narrow, screen and paper."""

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--card:#f7f8fa;--ink:#191c20;--soft:#59626d;--line:#dde1e6;--link:#1d55b8;
--heat:47,110,210;--s0:#2563c9;--s1:#c2500a;--s2:#15803d;--s3:#9333a8;--s4:#b3261e;--s5:#0e7490}
@media (prefers-color-scheme:dark){:root{--paper:#121417;--card:#1b1e23;--ink:#e7e9ec;--soft:#a3abb5;--line:#343941;
--link:#8ab4ff;--heat:96,150,255;--s0:#7aa9ff;--s1:#ff9d5c;--s2:#5fd38a;--s3:#d79bea;--s4:#ff8a80;--s5:#5ccbe0}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.25rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem;letter-spacing:-.015em}
h2{font-size:1.4rem;line-height:1.25;margin:3rem 0 .6rem;padding-top:.9rem;border-top:1px solid var(--line)}
h3{font-size:1.08rem;margin:2rem 0 .5rem}
p{margin:.4rem 0;max-width:76ch;overflow-wrap:anywhere}
a{color:var(--link)}
.soft,figcaption,caption,.note{color:var(--soft);font-size:.9rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;list-style:none;padding:0;margin:.9rem 0 0}
.wide{overflow-x:auto;max-width:100%;margin:.6rem 0}
.wide:focus-visible{outline:2px solid var(--link);outline-offset:2px}
table{border-collapse:separate;border-spacing:0;font-variant-numeric:tabular-nums;font-size:.93rem}
caption{text-align:left;padding:0 0 .4rem}
th,td{padding:.34rem .7rem;text-align:right;white-space:nowrap}
th{font-weight:600}
thead th{border-bottom:1.5px solid var(--ink);border-top:1.5px solid var(--ink);vertical-align:bottom}
tbody tr:last-child>*{border-bottom:1.5px solid var(--ink)}
tbody tr+tr>*{border-top:1px solid var(--line)}
th:first-child,td.words{text-align:left;padding-left:.2rem}
tbody th{font-weight:500}
.wide th:first-child{position:sticky;left:0;background:var(--paper)}
.card th:first-child{background:var(--card)!important}
td.none{color:var(--soft)}
th small{overflow-wrap:anywhere;display:block;white-space:normal;max-width:24rem;font-weight:400;color:var(--soft);
font-size:.8rem;line-height:1.3}
td small{display:block;color:var(--soft);font-weight:400;font-size:.8rem;line-height:1.3}
td .pm{color:var(--soft);font-weight:400;font-size:.86em}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,310px),1fr));gap:.9rem;margin:.9rem 0}
.cards.big{grid-template-columns:repeat(auto-fill,minmax(min(100%,470px),1fr))}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.75rem .9rem;margin:0;min-width:0}
.card h4{font-size:.95rem;margin:0 0 .3rem}
.card h4 small{display:block;color:var(--soft);font-weight:400;font-size:.8rem}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{fill:currentColor;font-size:12.5px}
svg .soft{fill:var(--soft);font-size:11.5px}
svg .rule{stroke:var(--line)}
.heat{font-size:.78rem;margin:0}
.heat th,.heat td{padding:.18rem .15rem;text-align:center;border:0!important;min-width:2.3rem}
.heat td{background:rgba(var(--heat),var(--a));border:1px solid var(--card)!important}
.heat td.own{background:none;color:var(--soft)}
.bars td.bar{width:55%;min-width:7rem}
.bars td.bar i{display:block;height:.72rem;border-radius:2px;background:rgba(var(--heat),.75)}
figure{margin:1.5rem 0 2rem}
figcaption{max-width:86ch;margin-top:.4rem}
figcaption strong{color:var(--ink)}
.sheet{display:grid;grid-template-columns:max-content minmax(var(--least),var(--most));justify-content:start}
.sheet img{grid-column:2;display:block;width:100%;height:auto}
.sheet img.crisp{image-rendering:pixelated}
.above{grid-column:2;display:flex;font-size:.8rem;color:var(--soft)}
.above span{flex:1 1 0;min-width:0;text-align:center;line-height:1.25;padding:0 .1rem .2rem;overflow:hidden;
align-self:end}
.beside{grid-column:1;display:flex;flex-direction:column;font-size:.8rem;color:var(--soft)}
.beside span{flex:1 1 0;min-height:0;display:flex;align-items:center;justify-content:flex-end;padding-right:.5rem;
white-space:nowrap;line-height:1.2}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) minmax(0,1fr);gap:.2rem 1.1rem;margin:.6rem 0;
font-size:.92rem}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--card);border:1px solid var(--line);border-radius:6px;
padding:.6rem .8rem;margin:.5rem 0}
details{margin:.5rem 0}
summary{cursor:pointer;color:var(--link);font-size:.92rem}
.warn{border-left:3px solid var(--s1);padding-left:.7rem}
footer{margin-top:3rem;padding-top:1rem;padding-bottom:2.5rem;border-top:1px solid var(--line)}
@media (max-width:560px){header,main,footer{padding-left:.9rem;padding-right:.9rem}h1{font-size:1.5rem}
h2{font-size:1.22rem;margin-top:2.2rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4rem}
th,td{padding:.3rem .35rem}table{font-size:.86rem}th small{max-width:6.6rem;font-size:.7rem}
.heat{font-size:.68rem}.heat th,.heat td{min-width:0;padding:.16rem .2rem}}
@media print{:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--link:#000;
--heat:47,110,210;--s0:#2563c9;--s1:#c2500a;--s2:#15803d;--s3:#9333a8;--s4:#b3261e;--s5:#0e7490}
body{font-size:10.5pt}header,main,footer{max-width:none;padding-left:0;padding-right:0}nav{display:none}
figure,.card,tr,pre{break-inside:avoid}h2,h3,h4{break-after:avoid}.wide{overflow:visible}
.heat td,.bars i,svg,img{print-color-adjust:exact;-webkit-print-color-adjust:exact}
table{font-size:8.5pt}details table{font-size:6.5pt}td.words{white-space:normal;overflow-wrap:anywhere}
.heat{font-size:6.2pt}.heat th,.heat td{min-width:0;padding:.5pt 1.5pt}
th,td{padding:.2rem .4rem}a{text-decoration:none}
details::details-content{content-visibility:visible;block-size:auto}}
"""
