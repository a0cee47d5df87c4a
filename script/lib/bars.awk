# Draws what script/bench has measured as an SVG: a bar for each row, from its title, what
# was measured, what was promised, "least" or "most", and whether it is kept, separated by
# tabs.  All promises are one line down the picture; what reaches past it is kept.

function escaped(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	return text
}

BEGIN {
	FS = "\t"
	PROMISE = 300		# where the line is
	LONGEST = 860
	ROW = 38
	TOP = 46
}

{
	title[NR] = $1
	measured[NR] = $2
	promised[NR] = $3
	kind[NR] = $4
	kept[NR] = $5
}

END {
	height = TOP + NR * ROW + 10
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"%d\" viewBox=\"0 0 960 %d\" font-family=\"sans-serif\">\n", height, height
	printf "<title>What script/bench has measured, against what is promised</title>\n"
	printf "<rect width=\"960\" height=\"%d\" fill=\"#ffffff\"/>\n", height
	printf "<text x=\"%d\" y=\"20\" font-size=\"13\" text-anchor=\"middle\" fill=\"#333333\">promised</text>\n", PROMISE
	for (i = 1; i <= NR; i++) {
		y = TOP + (i - 1) * ROW
		part = kind[i] == "least" ? measured[i] / promised[i] : promised[i] / (measured[i] > 0 ? measured[i] : 0.001)
		width = part * PROMISE
		if (width > LONGEST)
			width = LONGEST
		sign = kind[i] == "least" ? "at least" : "at most"
		printf "<text x=\"4\" y=\"%d\" font-size=\"12\" fill=\"#333333\">%s</text>\n", y, escaped(title[i])
		printf "<rect x=\"0\" y=\"%d\" width=\"%.1f\" height=\"14\" fill=\"%s\"/>\n", y + 6, width, kept[i] == "yes" ? "#2e8b57" : "#d9822b"
		printf "<text x=\"8\" y=\"%d\" font-size=\"11\" fill=\"#ffffff\">%s, %s %s promised</text>\n", y + 17, measured[i], sign, promised[i]
	}
	printf "<line x1=\"%d\" y1=\"28\" x2=\"%d\" y2=\"%d\" stroke=\"#333333\" stroke-dasharray=\"4 3\"/>\n", PROMISE, PROMISE, height - 8
	printf "</svg>\n"
}
