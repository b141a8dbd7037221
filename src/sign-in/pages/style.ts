/** One sheet for all pages; the content security policy names its hash, so nothing else can style or run. */
export const style = `
:root{color-scheme:light dark;--ground:#f4f2ee;--card:#fffdfa;--ink:#1f2328;--soft:#59606a;--line:#dcd7cd;--accent:#1f5c4d;--on-accent:#fff;--mark:#b4532a}
@media (prefers-color-scheme:dark){:root{--ground:#14171a;--card:#1d2125;--ink:#eceae6;--soft:#a9b0b8;--line:#363c43;--accent:#8fd0bc;--on-accent:#10211c;--mark:#f0a67f}}
*{box-sizing:border-box}
html{font:100%/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;background:var(--ground);color:var(--ink)}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;grid-template-rows:1fr auto;justify-items:center;padding:1.25rem}
main{--edge:var(--accent);align-self:center;width:100%;max-width:34rem;background:linear-gradient(var(--edge) 4px,var(--card) 4px) border-box;border:1px solid var(--line);border-top-color:var(--edge);border-radius:.75rem;padding:2.5rem 2.25rem 2.25rem;overflow-wrap:anywhere}
main.alert{--edge:var(--mark)}
h1{margin:0 0 .9rem;font-size:1.7rem;line-height:1.22;font-weight:650;letter-spacing:-.015em;text-wrap:balance}
h2{margin:1.6rem 0 .4rem;font-size:1rem;font-weight:650}
p{margin:0 0 .9rem;text-wrap:pretty}
ul{margin:0 0 .9rem;padding-left:1.2rem}
li+li{margin-top:.25rem}
dl{margin:1.25rem 0;border-top:1px solid var(--line)}
dl>div{display:grid;grid-template-columns:9rem 1fr;gap:.25rem 1rem;padding:.6rem 0;border-bottom:1px solid var(--line)}
dt{color:var(--soft)}
dd{margin:0}
a{color:var(--accent);text-underline-offset:.18em}
.soft{color:var(--soft)}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.6rem}
.actions form{margin:0}
.choices{flex-direction:column}
.choices .button{width:100%;text-align:center}
.actions+p{margin-top:1.75rem;padding-top:1.1rem;border-top:1px solid var(--line)}
main>:last-child{margin-bottom:0}
.button{display:inline-block;font:inherit;font-weight:600;line-height:1.3;min-height:2.75rem;padding:.7rem 1.15rem;border:1px solid var(--accent);border-radius:.5rem;background:var(--accent);color:var(--on-accent);text-decoration:none;cursor:pointer}
.button.plain{background:transparent;color:var(--accent)}
.button:hover{filter:brightness(1.08)}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px;border-radius:.35rem}
footer{max-width:34rem;width:100%;padding:1.1rem .25rem 0;font-size:.82rem;color:var(--soft);text-align:center}
@media (max-width:30rem){main{padding:1.75rem 1.25rem 1.5rem}h1{font-size:1.45rem}dl>div{grid-template-columns:1fr}.actions>*{flex:1 1 100%}.button{width:100%;text-align:center}}
@media (prefers-reduced-motion:no-preference){.button{transition:filter .15s}}
`;
