"""Writes adam.json: a few steps of torch.optim.Adam with given gradients, as a reference for src/adam.rs.

Run with PyTorch 2 from this folder: python make_adam.py
"""

import json

import torch

torch.manual_seed(1)
start = torch.randn(2, 3)
position = start.clone().requires_grad_()
learning_rate = 0.05
optimizer = torch.optim.Adam([position], lr=learning_rate)
gradients, positions = [], []
for step in range(8):
    # Magnitudes from 1e-6 to 10, one column always 0.
    gradient = torch.randn(2, 3) * 10.0 ** (step - 6)
    gradient[:, 2] = 0.0
    position.grad = gradient.clone()
    optimizer.step()
    gradients.append(gradient.flatten().tolist())
    positions.append(position.detach().flatten().tolist())
with open("adam.json", "w") as file:
    json.dump(
        {
            "start": start.flatten().tolist(),
            "learning_rate": learning_rate,
            "gradients": gradients,
            "positions": positions,
        },
        file,
        indent=1,
    )
    file.write("\n")
