extension ReportPage {
    /// How the page looks: on a screen, light or dark, wide or narrow, and on paper.
    static let style: Markup = """

        :root{--paper:#fff;--sheet:#f6f7f9;--ink:#1c2024;--soft:#5b6470;--line:#dfe3e8;--accent:#2458c5;
        --block:#2f6fde;--global:#c0690b;--local:#0d8a6c;--other:#9aa3af;--ref:#6c7480;--warn:#a34700;--warn-bg:#fdf1e3;
        --poor:#d8653a}
        @media (prefers-color-scheme:dark){:root{--paper:#14171b;--sheet:#1c2026;--ink:#e4e7eb;--soft:#9aa4b1;--line:#303740;
        --accent:#83aef8;--block:#6ea2f7;--global:#eda24a;--local:#43c29f;--other:#69727e;--ref:#9aa4b1;--warn:#f3b37a;
        --warn-bg:#38281a;--poor:#b5512a}}
        *{box-sizing:border-box}
        html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
        "Helvetica Neue","Noto Sans","Liberation Sans",Arial,sans-serif;overflow-wrap:anywhere}
        header,.columns,footer{max-width:1180px;margin:0 auto;padding:0 1.5rem}
        header{padding-top:2.5rem;padding-bottom:1.25rem}
        .kind{margin:0;color:var(--accent);font-size:.8rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase}
        h1{margin:.15rem 0 .2rem;font-size:2.3rem;line-height:1.15;letter-spacing:-.02em}
        h1 span{color:var(--soft);font-weight:500}
        .lead{margin:0;color:var(--soft);font-size:1.05rem}
        .chips{display:flex;flex-wrap:wrap;gap:.4rem;margin:.9rem 0 0;padding:0;list-style:none;font-size:.85rem}
        .chips li{padding:.15rem .65rem;border:1px solid var(--line);border-radius:1rem;background:var(--sheet)}
        .notice{margin:1rem 0 0;padding:.6rem .9rem;border-left:4px solid var(--warn);background:var(--warn-bg)}
        .columns{display:grid;grid-template-columns:12rem minmax(0,1fr);gap:2rem}
        nav{position:sticky;top:1.2rem;align-self:start;font-size:.9rem}
        nav ol{margin:.9rem 0 0;padding:0;list-style:none;border-left:2px solid var(--line)}
        nav a{display:block;padding:.22rem .9rem;color:var(--soft);text-decoration:none}
        nav a:hover,nav a:focus{color:var(--accent)}
        a{color:var(--accent)}
        section{padding:.9rem 0 1.4rem;border-top:1px solid var(--line)}
        section:first-child{border-top:0;padding-top:0}
        h2{margin:.3rem 0 .7rem;font-size:1.4rem;letter-spacing:-.01em}
        h3{margin:1.3rem 0 .5rem;font-size:1.02rem}
        p{margin:.5rem 0;max-width:70ch}
        .note{color:var(--soft);font-size:.9rem}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.8rem;margin:.6rem 0 1rem}
        .tile{padding:.8rem 1rem;border:1px solid var(--line);border-radius:.6rem;background:var(--sheet)}
        .tile .label{color:var(--soft);font-size:.82rem}
        .tile .value{font-size:1.65rem;font-weight:650;line-height:1.25;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
        .tile .value small{font-size:.9rem;white-space:nowrap;font-weight:500;color:var(--soft)}
        .tile .detail{color:var(--soft);font-size:.82rem;line-height:1.4}
        .scroll{overflow-x:auto;margin:.6rem 0 1rem}
        table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
        th,td{padding:.34rem .8rem .34rem 0;text-align:left;vertical-align:baseline;border-bottom:1px solid var(--line)}
        th{color:var(--soft);font-weight:600;white-space:nowrap}
        td{overflow-wrap:normal;white-space:nowrap}
        td.s{white-space:normal;min-width:12rem}
        .n{text-align:right;white-space:nowrap}
        th:last-child,td:last-child{padding-right:0}
        .result td:nth-child(4){font-weight:650}
        code,pre,.mono{font:.86em/1.5 ui-monospace,SFMono-Regular,"DejaVu Sans Mono",Menlo,Consolas,monospace}
        pre{overflow-x:auto;margin:.5rem 0;padding:.9rem 1rem;border:1px solid var(--line);border-radius:.5rem;
        background:var(--sheet);overflow-wrap:normal}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:1rem 1.6rem;margin:.8rem 0}
        .multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,9.8rem),1fr));gap:.9rem 1.1rem;
        margin:.8rem 0 1.2rem}
        .multiples a{color:inherit;text-decoration:none}
        .multiples b{font-weight:600;font-size:.9rem}
        .multiples span{display:block;color:var(--soft);font-size:.8rem;line-height:1.35}
        figure{margin:0}
        figure h4{margin:0 0 .3rem;font-size:.88rem;font-weight:600}
        .chart{display:block;width:100%;height:auto;overflow:visible;font:11px system-ui,sans-serif}
        .chart text{fill:var(--soft);font-variant-numeric:tabular-nums}
        .chart .strong{fill:var(--ink);font-weight:600}
        .chart .inside{fill:#fff;font-size:10.5px}
        .chart .mid{text-anchor:middle}
        .chart .end{text-anchor:end}
        .grid{stroke:var(--line);fill:none;stroke-width:.7}
        .axis{stroke:var(--soft);fill:none;stroke-width:1}
        .reference{stroke:var(--ref);fill:none;stroke-width:1.2;stroke-dasharray:5 4}
        .mark{stroke:var(--warn);fill:none;stroke-width:1;stroke-dasharray:2 3}
        .line{fill:none;stroke-width:1.9;stroke-linejoin:round;stroke-linecap:round}
        .line.second{stroke-width:1.2;opacity:.75}
        .band{opacity:.16;stroke:none}
        .line.block,.line.c0{stroke:var(--block)}.line.global,.line.c1{stroke:var(--global)}
        .line.local,.line.c2{stroke:var(--local)}.line.other{stroke:var(--other)}
        .band.block,.fill.block,.dot.c0,.dot.block,.band.c0{fill:var(--block)}
        .fill.global,.dot.c1{fill:var(--global)}.fill.local,.dot.c2{fill:var(--local)}.dot.second,.dot.other{fill:var(--other)}
        .legend{display:flex;flex-wrap:wrap;gap:.15rem 1rem;margin:.25rem 0 0;color:var(--soft);font-size:.8rem}
        .swatch{display:inline-block;width:.95rem;height:.28rem;margin-right:.4rem;border-radius:2px;vertical-align:middle;
        background:var(--other)}
        .swatch.block,.swatch.c0{background:var(--block)}.swatch.global,.swatch.c1{background:var(--global)}
        .swatch.local,.swatch.c2{background:var(--local)}
        .sites td{vertical-align:middle;padding-top:.2rem;padding-bottom:.2rem}
        .sites .histogram{width:240px}
        .bars{fill:var(--block);opacity:.5}
        .levels{stroke:var(--global);stroke-width:.9;fill:none;opacity:.9}
        .heat td,.heat th{padding:.3rem .5rem;border:2px solid var(--paper);text-align:center;white-space:nowrap}
        .heat th{text-align:right}
        .heat thead th{text-align:center}
        .heat td[style]{background:color-mix(in oklab,var(--poor) calc(var(--t)*100%),var(--sheet));
        -webkit-print-color-adjust:exact;print-color-adjust:exact}
        .heat td.front{outline:2px solid var(--ink);outline-offset:-2px}
        details{margin:.5rem 0;border:1px solid var(--line);border-radius:.5rem;background:var(--paper)}
        summary{padding:.5rem .9rem;cursor:pointer;font-weight:600;font-size:.95rem}
        summary span{color:var(--soft);font-weight:400;font-size:.86rem;margin-left:.5rem}
        details[open]>summary{border-bottom:1px solid var(--line)}
        .inside-details{padding:.5rem .9rem .8rem}
        .pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,14.5rem),1fr));gap:.7rem;margin:.8rem 0;padding:0;
        list-style:none}
        .pictures li{display:flex;gap:.8rem;align-items:center;padding:.5rem;border:1px solid var(--line);border-radius:.5rem;
        font-size:.82rem;line-height:1.4;break-inside:avoid}
        .pictures img{width:64px;height:64px;flex:none;object-fit:contain;image-rendering:pixelated;background:#000;
        border-radius:.25rem}
        .pictures b{font-weight:600}
        .wrong{color:var(--warn)}
        dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1.2rem;font-size:.9rem;margin:.6rem 0 1rem}
        dt{color:var(--soft)}dd{margin:0}
        footer{padding-top:1.2rem;padding-bottom:3rem;color:var(--soft);font-size:.85rem}
        @media screen and (max-width:820px){header,.columns,footer{padding-left:1rem;padding-right:1rem}.columns{display:block}
        nav{position:static;margin-bottom:1rem}nav ol{display:flex;flex-wrap:wrap;gap:.1rem .9rem;border:0;margin:0}
        nav a{padding:.1rem 0}h1{font-size:1.8rem}table{font-size:.82rem}th,td{padding-right:.6rem}th{white-space:normal}dl{grid-template-columns:minmax(0,1fr)}dd{margin-bottom:.35rem}}
        @media print{:root{--paper:#fff;--sheet:#fff;--ink:#000;--soft:#444;--line:#ccc;--accent:#000;--block:#2f6fde;
        --global:#c0690b;--local:#0d8a6c;--other:#9aa3af;--ref:#6c7480;--warn:#a34700;--warn-bg:#fff;
        --poor:#d8653a}
        @page{margin:16mm 14mm}
        body{font-size:10pt}nav{display:none}.columns{display:block}header,.columns,footer{max-width:none;padding:0}
        h2,h3{break-after:avoid}figure,.tile,.chart,tr{break-inside:avoid}
        details{border:0}summary{list-style:none;padding-left:0}.inside-details{padding:0}details::details-content{content-visibility:visible;display:block;block-size:auto}
        .scroll{overflow:visible}table{font-size:8pt}th,td,td.s{white-space:normal;min-width:0;padding-right:.5rem}
        .mono{overflow-wrap:anywhere}pre{white-space:pre-wrap;font-size:7.5pt}.sites .histogram{width:150px}}

        """
}
