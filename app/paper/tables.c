#include "app/paper/tables.h"

#include <string.h>

const paper_table paper_tables[] = {
    { "h1", "What Lloyd-Max codebooks leave: E|x - x'|^2 of a unit row", "TurboQuant, arXiv 2504.19874, theorem 1",
      "N(0, 1): the codebook of kernels/lloyd.h; d=...: polar(bits=b,scale=plain) on Gaussian rows. The limit of 4^b D is "
      "sqrt(3) pi/2 = 2.721. The paper's 0.009 is rounded down: no quantiser of 4 bits reaches it.",
      paper_h1 },
    { "h2", "The error of inner products: d E(<y,x> - <y,x'>)^2, d = 128", "TurboQuant, arXiv 2504.19874, theorem 2",
      "Exact: prod with a Gaussian sketch (pi/2 - 1/d) D(b-1), with an orthogonal one (pi/(2 beta^2) - 1) D(b-1), beta = "
      "sqrt(d/2) G(d/2)/G((d+1)/2); mse D(b); unbiased D/(1-D). The paper's 0.047 is pi/2 times the rounded 0.03.",
      paper_h2 },
    { "h3", "Rate and distortion on N(0, 1), R bits a value",
      "Shannon 1959; Gish and Pierce 1968; QTIP, arXiv 2406.11235; the survey's figures",
      "Exact entropies and Lloyd-Max distortions are those of d = 128; the published ones those of N(0, 1). An entropy "
      "coder behind polar saves at most 1 - entropy/bits: 4.4 % at 2 bits, 5.8 % at 3 and 4.",
      paper_h3 },
    { "h5", "Two bits on 128 x 128 tiles: error as a share of the energy", "the survey's figures, stylised sources",
      "iid: N(0, 1). biased: channels 25, 45, 93 and 111 have mean 20 and deviation 5. scaled: every row times "
      "exp(N(0, 1)). both: both. The survey does not say which channels: one in every group of 32 gives its unrotated "
      "figures wherever they stand, but the rotated ones move between 0.07 and 0.20 with the choice; this choice gives "
      "the survey's. The scaled sources weigh few rows heavily, hence the wider tolerances. Bits a value: groups 3.0, "
      "TurboQuant 2.125, KVarN 2.375.",
      paper_h5 },
    { "h6", "Block formats: error as a share of the energy", "the survey's figures",
      "iid: N(0, 1), exact by integrals over the range of a block. outliers: channels 25, 45, 93 and 111 of 128 have mean "
      "20 and deviation 5, one in every block of 32. rotated: the same rows in rotate(...).",
      paper_h6 },
    { "h7", "Transform coding, d = 128: distortion per value, and coding gain",
      "reverse water-filling, Kolmogorov 1956; the gain is AM/GM of eigenvalues",
      "AR(1): covariance 0.9^|i-j|. 1/k: eigenvalues 1/k along random directions. Allocation: each component leaves "
      "4^-bits of its eigenvalue. Whole bits cost up to 8 % of distortion against the optimum.",
      paper_h7 },
    { 0 },
};

const paper_table *paper_find(const char *name)
{
    for (const paper_table *t = paper_tables; t->name; t++)
        if (strcmp(t->name, name) == 0) return t;
    return NULL;
}
