# Draws rows that script/bench has measured as an SVG: a bar for each row.  The fields of a
# row, separated by tabs, are: what was done; how often a second here; what it is compared
# with; how often there; the figure that counts, its unit; whether it is promised to be "least"
# or "most" of, what is promised, and whether that is kept.  All promises are one line down the
# picture; what reaches past it is kept.

function escaped(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	return text
}

BEGIN {
	FS = "\t"
	PROMISE = 400		# where the line is
	LONGEST = 940
	TEXT = 290		# what the text in a bar needs
	ROW = 56
	TOP = 50
}

{
	title[NR] = $1
	here[NR] = $2
	compared_with[NR] = $3
	there[NR] = $4
	measured[NR] = $5
	unit[NR] = $6
	bound[NR] = $7
	promised[NR] = $8
	kept[NR] = $9
}

END {
	height = TOP + NR * ROW + 4
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"%d\" viewBox=\"0 0 960 %d\" font-family=\"sans-serif\">\n", height, height
	printf "<title>What script/bench has measured, against what is promised</title>\n"
	printf "<rect width=\"960\" height=\"%d\" fill=\"#ffffff\"/>\n", height
	printf "<text x=\"%d\" y=\"20\" font-size=\"13\" text-anchor=\"middle\" fill=\"#333333\">promised</text>\n", PROMISE
	for (i = 1; i <= NR; i++) {
		y = TOP + (i - 1) * ROW
		part = bound[i] == "least" ? measured[i] / promised[i] : promised[i] / (measured[i] > 0 ? measured[i] : 0.001)
		width = part * PROMISE
		if (width > LONGEST)
			width = LONGEST
		printf "<text x=\"4\" y=\"%d\" font-size=\"13\" font-weight=\"bold\" fill=\"#333333\">%s</text>\n", y, escaped(title[i] (here[i] != "" ? ": " here[i] : ""))
		if (compared_with[i] != "")
			printf "<text x=\"4\" y=\"%d\" font-size=\"11\" fill=\"#333333\">%s</text>\n", y + 15, escaped("compared with " compared_with[i] ": " there[i])
		printf "<rect x=\"0\" y=\"%d\" width=\"%.1f\" height=\"16\" fill=\"%s\"/>\n", y + 20, width, kept[i] == "yes" ? "#2e8b57" : "#b35c00"
		# beside the line where the bar is too short
		printf "<text x=\"%d\" y=\"%d\" font-size=\"11\" fill=\"%s\">%s %s (promised: at %s %s)</text>\n", width < TEXT ? PROMISE + 8 : 8, y + 32, width < TEXT ? "#333333" : "#ffffff", measured[i], escaped(unit[i]), bound[i], promised[i]
		# between the texts, not through them
		printf "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#333333\" stroke-width=\"2\"/>\n", PROMISE, y + 18, PROMISE, y + 38
	}
	printf "</svg>\n"
}
