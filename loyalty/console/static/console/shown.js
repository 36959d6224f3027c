// Fields that belong to some choices of another field stand there with those choices alone. Without scripts all do.
(() => {
    const chooser = document.querySelector("form[data-once] [data-shows]");
    if (!chooser) return;
    function fit() {
        document.querySelectorAll("form[data-once] [data-of]").forEach((field) => {
            field.closest(".group").hidden = !field.dataset.of.split(" ").includes(chooser.value);
        });
    }
    chooser.addEventListener("change", fit);
    fit();
})();
// A line in which members are named offers those whom what is written so far finds.
(() => {
    document.querySelectorAll("input[data-offers]").forEach((field) => {
        const list = document.getElementById(field.getAttribute("list"));
        let waiting, asked;
        async function offer() {
            asked?.abort();
            asked = new AbortController();
            try {
                const address = `${field.dataset.offers}?q=${encodeURIComponent(field.value)}`;
                const answer = await fetch(address, { signal: asked.signal });
                if (!answer.ok) return;
                const found = await answer.json();
                list.replaceChildren(...found.offered.map(({ value, label }) => {
                    const option = document.createElement("option");
                    option.value = value;
                    option.label = label;
                    return option;
                }));
            } catch (error) {
                // Overtaken by the next letter, or the server is away: what is written is looked for when it is sent.
            }
        }
        field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(offer, 200); });
    });
})();
